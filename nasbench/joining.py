"""Further objectives for a task: latencies, energies, sizes or robust accuracies from a file of the user's own.

The numbers go into a table of their own, beside the task's, which stays as it is. A task in the user's folder joins
both by architecture. Architectures without a number stay without one: a search sees nan in that objective.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import InvalidOption
from nasbench.files import exclusive_lock, write_unless_other
from nasbench.importers import ArchitectureColumns, StaticColumn, StaticValues, read_static_values
from nasbench.spaces import select_kept_options
from nasbench.table import Static, Table, TableBuilder, get_user_folder, list_tables, write_table
from nasbench.tasks import TableTask, Task, load_task, open_declared_task, write_task
from nasbench.tasks.spaces import refuse_other_table
from nasbench.tasks.writing import find_task_file

_SHOWN = 160  # most characters of the complaint about a row
_LEFT_OUT = ("name", "suite", "objectives", "title")


@dataclass(frozen=True, kw_only=True)
class JoinedTask:
    """A task with further objectives, and how much of it the user's file covers.

    Attributes:
        task: the new task.
        table: the new table of the objectives.
        file: the declaration of the task.
        covered: objective -> number of the task's architectures that have a number.
        n_architectures: number of the task's architectures.
        n_rows: number of rows in the user's file.
        unreadable: for each row that is not an architecture of the space, what is wrong with it.
        n_unmeasured: number of architectures in the file that the task's table lacks.
    """

    task: TableTask
    table: Table
    file: Path
    covered: Mapping[str, int]
    n_architectures: int
    n_rows: int
    unreadable: Sequence[str]
    n_unmeasured: int

    def __str__(self) -> str:
        """Return what was joined, and what was left out, as lines of text."""
        lines = []
        for name, n in self.covered.items():
            missing = self.n_architectures - n
            lines.append(
                f"{name}: {n:,} of {self.n_architectures:,} architectures of the task"
                + (f"; the other {missing:,} stay without it" if missing else "")
            )
        if self.unreadable:
            first = self.unreadable[0]
            first = first if len(first) <= _SHOWN else first[:_SHOWN] + "..."
            lines.append(
                f"skipped {len(self.unreadable):,} of {self.n_rows:,} rows, which are not architectures of space "
                f"'{self.task.whole.name}'; {first}"
            )
        if self.n_unmeasured:
            lines.append(f"{self.n_unmeasured:,} architectures of the file are not in the task's table, and not used")
        return "\n".join(lines)


def join_objectives(
    task: "str | Task",
    source: Any,
    units: Mapping[str, str] | Sequence[StaticColumn],
    *,
    name: str = "",
    architecture: str = "",
    form: str = "",
    map: str = "",
    split: str = "",
    missing: Sequence[Any] = (),
    average: bool = False,
    replace: bool = False,
) -> JoinedTask:
    """Make a task whose further objectives are measurements of the user's own.

    Args:
        task: a task that is answered by a table, or its name.
        source: a CSV, Parquet or JSON file, a folder or archive of JSON files, or a data frame.
        units: column -> unit, such as ``{"latency_ms": "ms"}``; or columns with their metrics and directions.
        name: name of the new task and of its table; by default the task's, a hyphen, and the name of the file.
        architecture: the column of the architectures; by default the columns named as the decisions of the space, or
            the first column that the space can read.
        form: ``index`` if that column holds official numbers, or the codes of a library.
        map: a mapping, as ``nasbench import table`` takes it, which says where the architectures are.
        split: ``valid`` or ``train``, the images on which an accuracy was measured; a test split is refused.
        missing: cells that stand for a missing value, such as -1.
        average: whether to average different values of one architecture.
        replace: whether a table or task of that name with other content may be replaced.

    Raises:
        InvalidOption: the task has no table; a unit, a direction, the split or the architectures are unknown; or the
            name is taken.
        SourceError: no row is an architecture, or a cell is not a number of its unit.
    """
    opened = load_task(task)
    if not isinstance(opened, TableTask) or not opened.declaration:
        raise InvalidOption(f"task '{opened.name}' is not answered by a table, so nothing can be joined to it")
    columns = units if not isinstance(units, Mapping) else [StaticColumn(column=c, unit=u) for c, u in units.items()]
    if not columns:
        raise InvalidOption("nothing to join: name a column and its unit")
    where = ArchitectureColumns(column=architecture, form=form, map=map)
    found = read_static_values(source, opened.whole, columns, where, missing=missing, average=average)
    name = name or f"{opened.name}-{_name_source(source)}"
    find_task_file(name)  # refuses a name that cannot be used, before anything is written
    _check_names(opened, found, split)
    rows = opened.identify(found.archs)
    covered = {one.metric: len(np.unique(rows[(rows >= 0) & ~np.isnan(one.values)])) for one in found.columns}
    if empty := [metric for metric, n in covered.items() if not n]:
        raise InvalidOption(f"no architecture of task '{opened.name}' has a number in '{empty[0]}' of {found.file}")
    table = _write_values(opened, found, name, replace=replace)
    refuse_other_table(opened.table, table)
    file = write_task(name, _declare(opened, found, name, split), replace=replace)
    return JoinedTask(
        task=open_declared_task(name, _declare(opened, found, name, split)),
        table=table,
        file=file,
        covered=covered,
        n_architectures=len(opened.table),
        n_rows=found.n_rows,
        unreadable=found.unreadable,
        n_unmeasured=int((rows < 0).sum()),
    )


def _name_source(source: Any) -> str:
    return Path(source).name.partition(".")[0] if isinstance(source, str | Path) else "joined"


def _check_names(task: TableTask, found: StaticValues, split: str) -> None:
    """Refuse names that the task has already, and an accuracy without its split."""
    for one in found.columns:
        if one.metric in (objective.name for objective in task.objectives):
            raise InvalidOption(
                f"task '{task.name}' has an objective '{one.metric}' already; name the new one by --metric (from "
                "Python: StaticColumn(column=..., unit=..., metric=...))"
            )
        if one.unit == "fraction" and split not in ("valid", "train"):
            raise InvalidOption(
                f"'{one.metric}' is a share, such as an accuracy: on which images was it measured? Say --split valid "
                "or --split train; a search must not see a test split"
            )


def _write_values(task: TableTask, found: StaticValues, name: str, *, replace: bool) -> Table:
    """Write the numbers as static metrics of a table of their own."""
    if name in list_tables() and list_tables()[name].parent != get_user_folder():
        raise InvalidOption(f"table name '{name}' belongs to a shipped table; choose another --name")
    if (path := get_user_folder() / f"{name}.h5").resolve() in (table.path.resolve() for table in task.tables):
        raise InvalidOption(f"task '{task.name}' reads the table {path} itself; choose another --name")
    metrics = ", ".join(one.metric for one in found.columns)
    draft = TableBuilder(
        name=name,
        title=f"{metrics} of {len(found.archs):,} architectures of space {task.whole.name}, from {found.file}",
        space=task.whole.name,
        citation="unpublished, own measurements",
        licence="not stated",
        source=found.file,
        notes=f"Joined to task {task.name} as further objectives.",
        architectures=found.archs,
        cardinality=np.asarray(task.whole.cardinality),
        statics=[
            Static(dataset="all", metric=one.metric, unit=one.unit, direction=one.direction, values=one.values)
            for one in found.columns
        ],
        space_options=select_kept_options(task.whole, task.table.space_options),
    )
    with exclusive_lock(path):
        write_unless_other(partial(write_table, draft), path, content=_read_checksum, replace=replace)
    return Table(path)


def _read_checksum(path: Path) -> str:
    return Table(path).checksum


def _declare(task: TableTask, found: StaticValues, name: str, split: str) -> dict[str, Any]:
    """Return the declaration of the task with its old and new objectives."""
    declared = {key: value for key, value in task.declaration.items() if key not in _LEFT_OUT}
    if str(declared["table"]).endswith(".h5"):
        declared["table"] = str(task.table.path.resolve())
    new = {
        one.metric: {"table": name, "dataset": "all", "metric": one.metric}
        | ({"split": split} if one.unit == "fraction" else {})
        for one in found.columns
    }
    title = f"{task.title}, with {', '.join(new)} from {found.file}"
    return {"title": title} | declared | {"objectives": {**task.declaration.get("objectives", {}), **new}}
