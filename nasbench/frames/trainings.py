"""From a data frame of one's own trainings to a task: a table, a declaration, and one summary of what was guessed.

>>> import nasbench, pandas
>>> frame = pandas.DataFrame({"depth": [1, 2, 3, 4] * 2, "op": ["conv"] * 4 + ["pool"] * 4})
>>> frame["accuracy"] = [0.5, 0.6, 0.65, 0.66, 0.4, 0.45, 0.5, 0.52]
>>> task = nasbench.task_from_frame(frame, decisions=["depth", "op"], score="accuracy", quiet=True)
>>> task.space.size
8
"""

import hashlib
import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace as change
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import InvalidOption, TableError
from nasbench.files import write_unless_other
from nasbench.importers import TrainingColumns, Trainings, build_trainings, read_frame
from nasbench.table import Table, TableBuilder, get_user_folder, write_table
from nasbench.table.locate import list_shipped_names
from nasbench.table.schema import digest_array, list_root_attributes
from nasbench.tasks import TableTask, declare_task, load_table_task, write_task
from nasbench.tasks.writing import find_task_file

_WIDTH = 79
_PREFIX = "frame-"
_DIGITS = 10  # of the digest in a name


def task_from_frame(
    frame: Any,
    *,
    decisions: str | Sequence[str] | Mapping[str, Any],
    score: str,
    seed: str | None = None,
    cost: str | float | None = None,
    cost_per: str | None = None,
    direction: str | None = None,
    ordinal: Mapping[str, Sequence[Any]] | None = None,
    conditions: Sequence[Mapping[str, Any]] | None = None,
    test: str | None = None,
    epoch: str | None = None,
    objectives: Sequence[str] | Mapping[str, str] = (),
    name: str | None = None,
    replace: bool = False,
    quiet: bool = False,
) -> TableTask:
    """Make a task from a data frame with one training in each row, and print what was guessed.

    The table is written into your folder of tables, and the task into your folder of tasks, so that other processes,
    ``nasbench compare --task NAME`` and ``verify`` find them. The same content gives the same files.

    Args:
        frame: of pandas, polars or pyarrow.
        decisions: columns that a search chooses. Their kinds are guessed from types and values; a dictionary maps a
            column to ``"categorical"``, ``"ordinal"``, ``"integer"``, ``"real"``, ``"log"`` (real, on a logarithmic
            scale), None (guess), or to a declaration of the space ``hyper`` such as ``{"integer": [1, 8]}``. A single
            column of texts that a space of the suite reads holds architectures of that space.
        score: column that a search observes. A missing score counts as a crash if its row has a cost.
        seed: column of labels of repeated trainings. Without it, rows of one architecture are numbered in their order.
        cost: column of seconds; or seconds of each training as a number. None: each training costs 1.
        cost_per: with ``epoch``, whether ``cost`` holds the seconds of each ``"epoch"``, or the ``"total"`` so far;
            None to guess it where the numbers say so.
        direction: ``"maximize"`` or ``"minimize"`` the score; None if its name says so, as ``val_acc`` does.
        ordinal: column -> its values in order, for texts such as small, medium, large.
        conditions: ``{"decision": name, "when": other, "is": [values]}``; None to guess them from empty cells.
        test: column that is reported and that no search sees.
        epoch: column of the last finished epoch, if each row is a point of a learning curve.
        objectives: further columns that a search optimises, such as latencies; a dictionary gives their directions.
        name: name of the table and the task. None: ``frame-`` and the digest of the content.
        replace: replace another table and task of this name.
        quiet: do not print the summary; ``print(task)`` shows it later.

    Raises:
        InvalidOption: something is undecided or contradictory; the message says what to pass.
        SourceError: a column does not exist, or a cell is not what its column should hold.
    """
    if isinstance(cost, bool):
        raise InvalidOption(f"cost={cost}; expected a column, or the seconds of each training")
    if cost_per not in (None, "epoch", "total"):
        raise InvalidOption(f"cost_per={cost_per!r}; expected 'epoch' or 'total'")
    asked = TrainingColumns(
        decisions=_list_decisions(decisions, ordinal or {}),
        score=score,
        seed=seed or "",
        cost=1.0 if cost is None else cost,
        cost_per=cost_per or "",
        test=test or "",
        epoch=epoch or "",
        objectives=_list_objectives(objectives),
        direction=direction or "",
        conditions=conditions,
    )
    cells, declared = read_frame(frame, asked.used)
    known = {column: declared.get(column) if given is None else given for column, given in asked.decisions.items()}
    made = build_trainings(cells, change(asked, decisions=known), title=name or "a data frame", source="a data frame")
    task = save_trainings(made, name or "", replace=replace)
    if not quiet:
        print(task)
    return task


def _list_decisions(
    given: str | Sequence[str] | Mapping[str, Any], ordinal: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """Return column -> declaration, the name of a kind, or None."""
    if isinstance(given, Mapping):
        found = {str(column): own for column, own in given.items()}
    else:
        listed = [given] if isinstance(given, str) else [str(column) for column in given]
        if twice := [column for column in listed if listed.count(column) > 1]:
            raise InvalidOption(f"decision '{twice[0]}' is given twice")
        found = dict.fromkeys(listed)
    if surplus := [column for column in ordinal if column not in found]:
        raise InvalidOption(f"ordinal names '{surplus[0]}', which is none of the decisions {', '.join(found)}")
    return found | {column: {"ordinal": list(values)} for column, values in ordinal.items()}


def _list_objectives(given: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """Return column -> direction, which may be empty."""
    if isinstance(given, Mapping):
        return dict(given)
    return dict.fromkeys([given] if isinstance(given, str) else given, "")


def save_trainings(made: Trainings, name: str, *, path: Path | None = None, replace: bool = False) -> TableTask:
    """Write the table and the task of trainings, and return the task.

    Args:
        made: what ``build_trainings`` returns.
        name: name of both; empty for one made from the content.
        path: file of the table; None for the user's folder.
        replace: whether a table and a task of this name with other content may be replaced.

    Raises:
        InvalidOption: the name is taken or cannot be used, or nothing can be searched.
        OSError: a file cannot be written.
    """
    name = name or f"{_PREFIX}{_digest_content(made)[:_DIGITS]}"
    if name in list_shipped_names():
        raise InvalidOption(f"table name {name!r} belongs to a shipped table; choose another name")
    find_task_file(name)
    path = path or get_user_folder() / f"{name}.h5"
    draft = change(made.draft, name=name, notes=_write_notes(made))
    write_unless_other(partial(write_table, draft), path, content=_read_checksum, replace=replace)
    declared = declare_task(
        Table(path), score=made.score, cost=made.cost, objectives=made.objectives, columns=made.columns
    )
    write_task(name, declared, replace=replace)
    return load_table_task(name)


def _read_checksum(path: Path) -> str:
    """Return the checksum of a table; empty for a file that is damaged or no table."""
    try:
        return Table(path).checksum
    except TableError:
        return ""


def _digest_content(made: Trainings) -> str:
    """Return a digest of everything that decides the table and the task."""
    draft: TableBuilder = made.draft
    texts = list_root_attributes(draft, notes=_write_notes(made)) | {"columns": made.columns, "cost": made.cost}
    arrays: dict[str, Any] = {"architectures": digest_array(draft.architectures)}
    for column in draft.columns:
        labels = [np.asarray(getattr(column, axis, ())).tolist() for axis in ("seeds", "epochs")]
        arrays[column.path] = [column.unit, column.direction, labels, digest_array(column.values)]
    return hashlib.sha256(json.dumps([texts, arrays], sort_keys=True).encode()).hexdigest()


def _write_notes(made: Trainings) -> str:
    """Return what was made of each column, one column on a line that fits a terminal."""
    width = min(20, max(len(column) for column, _ in made.said))
    lines = []
    for column, what in made.said:
        first = f"  {column:{width}}  "
        lines += textwrap.wrap(what, _WIDTH, initial_indent=first, subsequent_indent=" " * (width + 4)) or [first]
    return "\n".join(lines)
