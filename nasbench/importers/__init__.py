"""Importers: convert the published files of a benchmark to a table; one module per file format."""

from nasbench.importers._run import import_source
from nasbench.importers._source import Importer, open_source
from nasbench.importers._statics import ArchitectureColumns, StaticColumn, StaticValues, read_static_values

__all__ = [
    "ArchitectureColumns",
    "Importer",
    "StaticColumn",
    "StaticValues",
    "import_source",
    "open_source",
    "read_static_values",
]
