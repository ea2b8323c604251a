"""Build a table from a user's own trainings, one row each: columns named by the user, all else guessed and said.

A guess is never silent: ``Trainings.said`` has one line for each column. What names and values do not determine is an
error that says what to pass.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from nasbench.errors import InvalidOption
from nasbench.importers._architectures import read_architectures
from nasbench.importers._cells import TextCells
from nasbench.importers._points import build_measurements, build_statics
from nasbench.importers._training_columns import Said, TrainingColumns
from nasbench.importers._training_decisions import declare_architecture
from nasbench.importers._training_results import (
    DATASET,
    RECIPE,
    RepeatedRows,
    declare_measurements,
    declare_statics,
    read_results,
)
from nasbench.spaces import select_kept_options
from nasbench.table import TableBuilder


class Trainings(NamedTuple):
    """A table of trainings, and what was guessed.

    Attributes:
        draft: the table, without a name.
        said: (column, what was made of it), in the order of a summary.
        score, cost, objectives: arguments of ``declare_task``.
        columns: the user's own names of the score and the decisions, and the unit of the score.
    """

    draft: TableBuilder
    said: Said
    score: str
    cost: str | float
    objectives: list[str]
    columns: dict[str, Any]


def build_trainings(cells: TextCells, asked: TrainingColumns, *, title: str, source: str) -> Trainings:
    """Build a table from cells.

    Args:
        cells: one row for each training, or for each epoch of one.
        asked: which columns hold what.
        title: title of the table; the number of architectures is added.
        source: where the rows come from.

    Raises:
        SourceError: there is no such column, or a cell is not what its column should hold.
        InvalidOption: something is undecided; the message says what to pass.
    """
    twice = [column for column in asked.used if asked.used.count(column) > 1]
    if twice:
        raise InvalidOption(f"column '{twice[0]}' is given for two purposes; expected one for each column")
    for column in asked.used:
        cells.column(column)
    said: Said = [("file", cells.remark)] if cells.remark else []
    said += [("file", "decimal commas")] if cells.decimal == "," else []
    architecture, space = declare_architecture(cells, asked, said)
    cells = read_results(cells, asked, said)
    archs, place = read_architectures(cells, architecture, space)
    if len(archs) < 2:
        raise InvalidOption(f"{cells.file}: all {len(cells)} rows are one architecture: there is nothing to search")
    repeats = RepeatedRows(cells, asked, place, len(archs), said)
    score, entries = declare_measurements(repeats, said)
    statics = declare_statics(repeats, said)
    draft = TableBuilder(
        name="own",
        title=f"{title}: {len(archs):,} architectures of {len(space.decisions)} decisions",
        space=space.name,
        citation="unpublished, own trainings",
        licence="not stated",
        source=source,
        notes="to be written",
        architectures=archs,
        cardinality=np.asarray(space.cardinality),
        measurements=build_measurements(repeats.cells, entries, place, len(archs)),
        statics=build_statics(repeats.cells, statics, place, len(archs)),
        space_options=select_kept_options(space, architecture.get("space_options", {})),
    )
    cost = f"{DATASET}/{RECIPE}/train/train_s" if isinstance(asked.cost, str) else asked.cost
    columns = {"score": asked.score, "unit": score.unit, "decisions": _name_columns(architecture)}
    return Trainings(draft, said, f"valid/{score.metric}", cost, [str(one.metric) for one in statics], columns)


def _name_columns(architecture: Mapping[str, Any]) -> dict[str, str]:
    """Return decision -> column; for a column of texts, the empty name -> column."""
    return dict(architecture["columns"]) if "columns" in architecture else {"": str(architecture["column"])}
