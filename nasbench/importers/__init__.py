"""Importers: convert the published files of a benchmark to a table; one module per file format."""

from nasbench.importers._frames import read_frame
from nasbench.importers._run import import_source
from nasbench.importers._source import Importer, open_source
from nasbench.importers._training_columns import TrainingColumns
from nasbench.importers._trainings import Trainings, build_trainings

__all__ = [
    "Importer",
    "TrainingColumns",
    "Trainings",
    "build_trainings",
    "import_source",
    "open_source",
    "read_frame",
]
