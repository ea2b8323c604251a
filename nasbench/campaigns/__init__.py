"""Campaigns: ask a strategy what to train next, train it anywhere, and tell the results; the state is a file.

Names are imported on first use, so that telling a result does not import what suggests.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
