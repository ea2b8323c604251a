"""Histories of other tools' searches as tables: what the six importers have in common.

An importer reads its tool's files into a ``History``: the training runs in order, the objectives, and what the files
say of the search space. ``HistoryImporter`` makes a table of it:

- Each distinct configuration is an architecture of a space ``hyper``. Training runs of the same configuration are
  seeds, numbered in order unless the tool names them.
- The first objective is a measurement of split ``valid`` with the direction that the tool used; further objectives are
  static metrics, as means over seeds.
- ``train_s`` is the time of a training run. A training run that failed, or that the tool stopped without a result, has
  seconds but no score: a task answers it with nan.
- Budgets are separate training runs and have a recipe each: ``budget3``. Results after each epoch of one training run
  are a learning curve.

The table says in its notes what the files do not tell.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Ints
from nasbench.errors import InvalidArchitecture, InvalidOption, NasbenchError, SourceError
from nasbench.importers._any_source import check_table_name
from nasbench.importers._history_columns import (
    COMPLETE,
    COST,
    FAILED,
    STOPPED,
    Goal,
    Group,
    ToolRun,
    build_columns,
    build_statics,
    describe_budgets,
    group_by_budget,
)
from nasbench.importers._history_spaces import read_space_file
from nasbench.importers._separated import BROKEN
from nasbench.registry import SPACES
from nasbench.spaces import DeclaredSpace, SearchSpace, complete_space
from nasbench.table import Measurement, TableBuilder

_NOT_IN_NAME = re.compile(r"[^\w.-]+")
_DAMAGED: tuple[type[Exception], ...] = (*BROKEN, ArithmeticError)
_FRACTIONS = re.compile(r"(^|_)(acc|accuracy|top_?[15]|f1|auc|auroc|iou|dice)($|_)", re.IGNORECASE)


@dataclass(frozen=True)
class ToolHistory:
    """What one search of another tool left.

    Attributes:
        tool: name and, if known, version of the tool.
        name: name of the search.
        goals: its objectives; the first is the one that a task observes.
        runs: the training runs in order.
        space: what the files say of the search space.
        remarks: facts that the table cannot hold.
    """

    tool: str
    name: str
    goals: Sequence[Goal]
    runs: Sequence[ToolRun]
    space: DeclaredSpace
    remarks: list[str] = field(default_factory=list)


class HistoryImporter:
    """Makes a table of a tool's history; a subclass reads the files.

    Args:
        name: name of the table; by default that of the search.
        space: file with the search space, instead of what the history says: ConfigSpace's JSON, or ``decisions`` and
            ``conditions`` of a space ``hyper`` as JSON or TOML.
        unit: unit of the first objective; by default ``fraction`` for an accuracy between 0 and 1, else ``none``.

    Attributes:
        remarks: after reading, what the user should know: parts of the space that were inferred, for example.
        writes_task: whether the command ``import`` also writes a task for the table.
    """

    table: ClassVar[str] = ""
    where: ClassVar[str] = ""
    writes_task: ClassVar[bool] = True

    def __init__(self, *, name: str = "", space: str = "", unit: str = "") -> None:
        self._name, self._space, self._unit = name, space, unit
        self.remarks: list[str] = []
        self._task: dict[str, Any] = {}

    def _read_history(self, source: Path) -> ToolHistory:
        """Read the files of the tool.

        Raises:
            SourceError: they are others. Any other exception of damaged files (``BROKEN``) becomes one.
        """
        raise NotImplementedError

    def read(self, source: Path) -> TableBuilder:
        """Read the files at ``source``.

        Raises:
            SourceError: the files are others, or break a rule of the format.
            InvalidOption: the name cannot be used, or the file of the space has another form.
        """
        try:
            return self._build_table(source, self._read_history(source))
        except NasbenchError:
            raise
        except _DAMAGED as error:
            raise SourceError(f"{source} cannot be read ({error!r}); expected {self.where}") from error

    def _build_table(self, source: Path, history: ToolHistory) -> TableBuilder:
        runs = [run for run in history.runs if run.config]
        if not any(np.isfinite(run.values[0]) for run in runs):
            raise SourceError(f"{source}: none of {len(history.runs)} training runs has a result")
        declared = read_space_file(Path(self._space)) if self._space else history.space
        whole, configs = _complete_space(declared, runs, source)
        space = _open_space(whole, source)
        archs, place = _read_configs(space, configs, source)
        goals = [goal._replace(metric=_NOT_IN_NAME.sub("_", goal.metric)) for goal in history.goals]
        unit = self._unit or _find_unit(goals[0], runs)
        groups = group_by_budget(runs)
        columns = [own for group in groups for own in build_columns(group, place, len(archs), goals[0], unit)]
        self._task = _describe_task(goals, groups, columns)
        self.remarks = [*history.remarks, *whole.remarks, *describe_budgets(groups)]
        return TableBuilder(
            name=check_table_name(self._name or _NOT_IN_NAME.sub("_", history.name).strip("_.-+") or "history"),
            title=f"{history.tool}: {len(archs):,} configurations of the search '{history.name}'",
            space=space.name,
            citation=f"own training runs, searched with {history.tool}",
            licence="of those who ran the search; the files do not say",
            source=f"{source.name}, written by {history.tool}",
            notes=_write_notes(history, runs, self.remarks),
            architectures=archs,
            cardinality=np.asarray(space.cardinality),
            measurements=columns,
            statics=build_statics(groups[-1], runs, place, len(archs), goals),
            space_options=space.code_options,
        )

    def describe_task(self) -> dict[str, Any]:
        """Return, after reading, what a task on the table should observe, as ``declare_task`` and declarations want it.

        ``score`` is a column, ``recipe/split/metric``. ``objectives`` are static metrics. ``fidelities`` are recipes of
        smaller budgets that at least half of the completely trained configurations went through.
        """
        return dict(self._task)


def _describe_task(goals: Sequence[Goal], groups: Sequence[Group], columns: Sequence[Measurement]) -> dict[str, Any]:
    fidelities = [
        {
            "observed": {"recipe": recipe, "split": "valid"},
            "cost": [{"split": "train", "recipe": recipe, "metric": COST}],
        }
        for recipe in _find_shorter(goals[0], groups, columns)
    ]
    return {
        "score": f"{groups[-1].recipe}/valid/{goals[0].metric}",
        "objectives": [goal.metric for goal in goals[1:]],
        "fidelities": fidelities,
    }


def _find_shorter(goal: Goal, groups: Sequence[Group], columns: Sequence[Measurement]) -> list[str]:
    """Return the recipes of smaller budgets that at least half of the completely trained configurations went through.

    A task with fidelities can answer only architectures that were trained at all of them.
    """
    *shorter, full = groups
    charged = {column.recipe for column in columns if column.metric == COST}
    trained = {
        column.recipe: set(np.flatnonzero(np.isfinite(column.values).any(axis=(1, 2))).tolist())
        for column in columns
        if column.metric == goal.metric and column.recipe in charged
    }
    complete = trained.get(full.recipe, set())
    left, found = complete, list[str]()
    for group in reversed(shorter):
        both = left & trained.get(group.recipe, set())
        if len(both) > 1 and 2 * len(both) >= len(complete):
            left, found = both, [group.recipe, *found]
    return found


def _complete_space(
    declared: DeclaredSpace, runs: Sequence[ToolRun], source: Path
) -> tuple[DeclaredSpace, list[dict[str, Any]]]:
    try:
        return complete_space(declared, [dict(run.config) for run in runs])
    except InvalidOption as error:
        raise SourceError(f"{source}: {error}") from error


def _open_space(declared: DeclaredSpace, source: Path) -> SearchSpace:
    try:
        space: SearchSpace = SPACES.load("hyper")(declared.decisions, declared.conditions)
    except NasbenchError as error:
        raise SourceError(f"{source}: the search space cannot be a space 'hyper': {error}") from error
    return space


def _read_configs(space: SearchSpace, configs: Sequence[dict[str, Any]], source: Path) -> tuple[Archs, Ints]:
    """Return the distinct configurations ``[n, d]``, sorted, and the configuration's number for each run ``[m]``."""
    try:
        archs = np.concatenate([space.read([config]) for config in configs])
    except InvalidArchitecture as error:
        raise SourceError(f"{source}: {error}") from error
    rows, place = np.unique(archs, axis=0, return_inverse=True)
    return rows, place.ravel().astype(np.int64)


def _find_unit(goal: Goal, runs: Sequence[ToolRun]) -> str:
    """Return ``fraction`` for a metric that is named as an accuracy and lies in [0, 1], else ``none``."""
    values = np.array([value for run in runs for value in (run.values[0], *run.curve.values()) if np.isfinite(value)])
    is_accuracy = goal.direction == "maximize" and _FRACTIONS.search(goal.metric) is not None
    return "fraction" if is_accuracy and values.min() >= 0.0 and values.max() <= 1.0 else "none"


def _write_notes(history: ToolHistory, runs: Sequence[ToolRun], remarks: Sequence[str]) -> str:
    """Return the notes of the table: how many training runs it holds, and what was inferred."""
    counts = {state: sum(run.state == state for run in runs) for state in (COMPLETE, STOPPED, FAILED)}
    said = ", ".join(f"{n} {state}" for state, n in counts.items() if n)
    dropped = len(history.runs) - len(runs)
    left_out = [f"{dropped} training runs without a complete configuration are left out"] if dropped else []
    text = (
        f"{len(runs)} training runs of {history.tool}: {said}. A training run without a result has seconds but no score"
    )
    return ". ".join([text, *left_out, *remarks]) + "."
