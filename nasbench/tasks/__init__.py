"""Benchmark tasks: their common interface, one declarative TOML file per family, and the three kinds of tasks.

Code that opens tables is imported on first use, so that listing tasks needs neither numpy nor h5py.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
