"""Importers: convert the published files of a benchmark to a table; one module per file format."""

from nasbench.importers._run import import_source
from nasbench.importers._source import Importer, open_source

__all__ = ["Importer", "import_source", "open_source"]
