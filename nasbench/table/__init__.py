"""The store of measurements: one HDF5 file per table, documented in ``data/SCHEMA.md``.

Names are imported on first use, so that finding tables does not import HDF5, and reading them not the writer.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
