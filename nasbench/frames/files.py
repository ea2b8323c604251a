"""From a file of one's own trainings to a table and a task, as the command ``import`` makes them."""

from pathlib import Path
from typing import Any

from nasbench.frames.trainings import save_trainings
from nasbench.importers import TrainingColumns, build_trainings, make_table_name, read_own_cells
from nasbench.table import Table
from nasbench.tasks import TableTask, declare_task, load_table_task, write_task


def import_trainings(
    source: Path, asked: TrainingColumns, name: str, *, path: Path | None = None, replace: bool = False
) -> TableTask:
    """Make a table and a task from a file whose columns the user named.

    Args:
        source: CSV, TSV, Parquet, JSON or JSON lines, one training in each row.
        asked: which columns hold what.
        name: name of the table and the task; empty for the name of the file.
        path: file of the table; None for the user's folder.
        replace: whether a table and a task of this name with other content may be replaced.

    Raises:
        InvalidOption: something is undecided or contradictory; the message says what to pass.
        SourceError: the file cannot be read, or a cell is not what its column should hold.
    """
    name = name or make_table_name(source)
    made = build_trainings(read_own_cells(source), asked, title=name, source=source.name)
    return save_trainings(made, name, path=path, replace=replace)


def write_task_of_table(
    table: Table, reader: Any, *, score: str = "", cost: str = "", replace: bool = False
) -> TableTask:
    """Write a task for a table that an importer has just written; the task has the table's name.

    Args:
        table: the table.
        reader: the importer. With a method ``find_metric(column)``, the user may give the columns of the file; with
            ``find_columns(declaration)``, the task knows them too. With ``describe_task()``, the importer itself knows
            the ``score``, ``objectives`` and ``fidelities``, unless the user gives a score or a cost.
        score: what a search observes: a column of the file, or as in ``declare_task``.
        cost: what a training costs, likewise.
        replace: whether a task of this name with another declaration may be replaced.

    Raises:
        InvalidOption: the table leaves a choice, the name is taken, or nothing can be searched.
    """
    find = getattr(reader, "find_metric", lambda column: column)
    known = reader.describe_task() if hasattr(reader, "describe_task") and not (score or cost) else {}
    fidelities = known.pop("fidelities", [])
    declared = declare_task(table, **{"score": find(score), "cost": find(cost), **known})
    declared |= {"fidelities": fidelities} if fidelities else {}
    if hasattr(reader, "find_columns") and (columns := reader.find_columns(declared)):
        declared["columns"] = columns
    write_task(table.name, declared, replace=replace)
    return load_table_task(table.name)
