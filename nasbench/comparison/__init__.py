"""Compare strategies: run, record, verify, analyse, rank and plot.

Names are imported on first use: listing plots needs no numpy, and reading a record does not import what runs searches.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
