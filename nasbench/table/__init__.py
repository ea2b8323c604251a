"""The store of measurements: one HDF5 file per table, documented in ``data/SCHEMA.md``."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench.table.appending import append as append
    from nasbench.table.builder import Draft as Draft
    from nasbench.table.builder import Measurement as Measurement
    from nasbench.table.builder import Static as Static
    from nasbench.table.locate import feature_folder as feature_folder
    from nasbench.table.locate import find_content as find_content
    from nasbench.table.locate import find_table as find_table
    from nasbench.table.locate import table_names as table_names
    from nasbench.table.locate import user_tables as user_tables
    from nasbench.table.merge import merge_tables as merge_tables
    from nasbench.table.proxies import PROXY_SOURCE as PROXY_SOURCE
    from nasbench.table.proxies import ProxyColumn as ProxyColumn
    from nasbench.table.proxies import proxy_columns as proxy_columns
    from nasbench.table.proxies import proxy_named as proxy_named
    from nasbench.table.proxies import proxy_source as proxy_source
    from nasbench.table.proxies import source_checksum as source_checksum
    from nasbench.table.reader import Table as Table
    from nasbench.table.writer import write_parts as write_parts
    from nasbench.table.writer import write_table as write_table

_HOME = {
    "append": "appending",
    "Draft": "builder",
    "Measurement": "builder",
    "Static": "builder",
    "Table": "reader",
    "feature_folder": "locate",
    "find_content": "locate",
    "find_table": "locate",
    "merge_tables": "merge",
    "proxy_columns": "proxies",
    "proxy_named": "proxies",
    "proxy_source": "proxies",
    "PROXY_SOURCE": "proxies",
    "ProxyColumn": "proxies",
    "source_checksum": "proxies",
    "table_names": "locate",
    "user_tables": "locate",
    "write_parts": "writer",
    "write_table": "writer",
}

__all__ = [*_HOME]  # noqa: PLE0604 (the keys are strings)


def __dir__() -> list[str]:
    """Name what is imported on first use too."""
    return sorted({*globals(), *_HOME})


def __getattr__(name: str) -> Any:
    """Import public names on first use: finding tables needs no HDF5, and reading them no writer."""
    if name not in _HOME:
        raise AttributeError(f"module 'nasbench.table' has no attribute {name!r}")
    return getattr(importlib.import_module(f"nasbench.table.{_HOME[name]}"), name)
