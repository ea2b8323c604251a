"""Importers: convert the published files of a benchmark to a table; one module per file format."""

from nasbench.importers._any_source import make_table_name, read_own_cells
from nasbench.importers._frames import convert_to_pandas, read_frame, widen_column
from nasbench.importers._run import import_source
from nasbench.importers._source import Importer, open_source
from nasbench.importers._statics import ArchitectureColumns, StaticColumn, StaticValues, read_static_values
from nasbench.importers._training_columns import TrainingColumns
from nasbench.importers._trainings import Trainings, build_trainings
from nasbench.importers._units import find_misfit_value, find_unit

__all__ = [
    "ArchitectureColumns",
    "Importer",
    "StaticColumn",
    "StaticValues",
    "TrainingColumns",
    "Trainings",
    "build_trainings",
    "convert_to_pandas",
    "find_misfit_value",
    "find_unit",
    "import_source",
    "make_table_name",
    "open_source",
    "read_frame",
    "read_own_cells",
    "read_static_values",
    "widen_column",
]
