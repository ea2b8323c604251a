"""The store of measurements: one HDF5 file per table, documented in ``data/SCHEMA.md``."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench.table._append import append as append
    from nasbench.table._draft import Draft as Draft
    from nasbench.table._draft import Measurement as Measurement
    from nasbench.table._draft import Static as Static
    from nasbench.table._merge import merge_tables as merge_tables
    from nasbench.table._proxies import PROXY_SOURCE as PROXY_SOURCE
    from nasbench.table._proxies import ProxyColumn as ProxyColumn
    from nasbench.table._proxies import proxy_columns as proxy_columns
    from nasbench.table._proxies import proxy_named as proxy_named
    from nasbench.table._proxies import proxy_source as proxy_source
    from nasbench.table._proxies import source_checksum as source_checksum
    from nasbench.table._reader import Table as Table
    from nasbench.table._where import feature_folder as feature_folder
    from nasbench.table._where import find_content as find_content
    from nasbench.table._where import find_table as find_table
    from nasbench.table._where import table_names as table_names
    from nasbench.table._where import user_tables as user_tables
    from nasbench.table._writer import write_parts as write_parts
    from nasbench.table._writer import write_table as write_table

_HOME = {
    "append": "_append",
    "Draft": "_draft",
    "Measurement": "_draft",
    "Static": "_draft",
    "Table": "_reader",
    "feature_folder": "_where",
    "find_content": "_where",
    "find_table": "_where",
    "merge_tables": "_merge",
    "proxy_columns": "_proxies",
    "proxy_named": "_proxies",
    "proxy_source": "_proxies",
    "PROXY_SOURCE": "_proxies",
    "ProxyColumn": "_proxies",
    "source_checksum": "_proxies",
    "table_names": "_where",
    "user_tables": "_where",
    "write_parts": "_writer",
    "write_table": "_writer",
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
