"""Benchmarks: what every task offers, one declarative TOML file each, and the three kinds that answer.

What opens tables is imported on first use, so that listing tasks needs neither numpy nor h5py.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
