"""Open a task as a record describes it: from the recorded declaration, wherever the task's files are now.

A record names a task as it was typed. A task of the user's own file is ``FILE.toml:MEMBER``; meanwhile that file may
have changed or moved. Therefore the record decides: it holds the declaration, and the checksum of every table, by which
the table is found even if it has another name here.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.errors import NasbenchError, RecordError
from nasbench.table.locate import RECORDED
from nasbench.tasks.declarations import SURROGATE, checked, is_surrogate, is_training, read_declaration
from nasbench.tasks.declarations import shipped_declarations as shipped

if TYPE_CHECKING:
    from nasbench.tasks.protocol import Task

Entry = Mapping[str, Any]
"""What a record says of a task: ``version``, ``declaration``, ``tables`` (checksums by name), ``places`` (files)."""

_ENTRIES: ContextVar[Mapping[str, Entry]] = ContextVar("entries", default={})  # noqa: B039 (never written to)


@contextlib.contextmanager
def as_recorded(entries: Mapping[str, Entry]) -> Iterator[None]:
    """Open tasks and sources with these names as the record describes them, everywhere within the block."""
    tasks = {name: entry for name, entry in entries.items() if "declaration" in entry}
    tables = {}
    for name, entry in entries.items():
        if "table_sha256" in entry:
            from nasbench.table.proxies import parse_proxy_table

            tables[parse_proxy_table(name)] = entry["table_sha256"]
    token, table_token = _ENTRIES.set({**_ENTRIES.get(), **tasks}), RECORDED.set({**RECORDED.get(), **tables})
    try:
        yield
    finally:
        _ENTRIES.reset(token)
        RECORDED.reset(table_token)


def recorded_entry(name: str) -> Entry | None:
    """Return what the current record says of a task; None without a record, or if it does not hold the task."""
    return _ENTRIES.get().get(name)


def space_and_data(name: str) -> tuple[str, str]:
    """Return the names of a task's space and data set; open no table if its declaration gives both.

    Raises:
        NasbenchError: no such task.
    """
    entry = recorded_entry(name)
    values = entry["declaration"] if entry else {}
    if not values and not is_surrogate(name) and not is_training(name):
        values = read_declaration(name)
    if "space" in values:
        return str(values["space"]), str(values.get("dataset", values.get("data")))
    from nasbench.tasks.load import load_task

    task = load_task(name)
    return task.space.name, task.dataset


@lru_cache(maxsize=64)
def open_recorded(name: str, entry: str) -> "Task":
    """Open a task once per process, so that its columns are loaded once for all runs.

    Args:
        name: name as it was typed.
        entry: what the record says of the task, as JSON: another declaration or table makes another task. The order
            of keys counts, since the order of a space's decisions does.

    Raises:
        RecordError: this release declares the task differently, or a file that it was recorded on is missing.
    """
    values: Entry = json.loads(entry)
    try:
        task = _opened(name, values)
        found = {table.name: table.checksum for table in task.tables}
        if found != values["tables"] or task.version != values["version"]:
            raise _another(name, f"{values['tables']}, version {values['version']} then, {found}, {task.version} now")
    except NasbenchError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RecordError(f"what the record says of task {name} is damaged or incomplete: {error!r}") from None
    return task


def _opened(name: str, entry: Entry) -> "Task":
    if "surrogate" in entry["declaration"]:
        return _surrogate(name, entry)
    return _training(name, entry) if "recipe_sha256" in entry["declaration"] else _with_table(name, entry)


def _with_table(name: str, entry: Entry) -> "Task":
    from nasbench.tasks.table_opening import make_table_task

    declared = dict(entry["declaration"])
    now = shipped().get(name)
    if now is not None and (other := differing(declared, checked(now, name))):
        raise _another(
            name, f"its {other} is {declared.get(other)!r} in the record, {now.get(other)!r} in this release"
        )
    own = declared.pop("name")
    return make_table_task(checked(declared, own), _finder(name, entry))


def differing(then: Entry, now: Entry) -> str:
    """Return the first key in which two declarations differ (the order of decisions counts); empty if they agree."""
    return next((key for key in {**then, **now} if json.dumps(then.get(key)) != json.dumps(now.get(key))), "")


def _finder(name: str, entry: Entry) -> Callable[[str], Path]:
    """Return a function that finds the recorded tables by their content, first where they were."""
    from nasbench.table import find_content, list_tables

    tables, places = entry["tables"], [Path(place) for place in entry.get("places", {}).values()]

    def find(declared: str) -> Path:
        label = Path(declared).stem if declared.endswith(".h5") else declared
        near = [Path(declared)] if declared.endswith(".h5") else [list_tables().get(declared, Path(declared))]
        wanted = [tables[label]] if label in tables else list(tables.values())
        for checksum in wanted:
            if path := find_content(checksum, (*near, *places)):
                return path
        raise _absent(
            name, f"table '{declared}'", " or ".join(wanted), "import it again, or put its file into", "tables"
        )

    return find


def _surrogate(name: str, entry: Entry) -> "Task":
    from nasbench.tasks.surrogate.files import find_surrogate
    from nasbench.tasks.surrogate.opening import make_surrogate_task

    ((label, checksum),) = entry["tables"].items()
    file = name.rpartition(":")[0] if not name.endswith(SURROGATE) else name
    path = find_surrogate(checksum, [Path(file), *map(Path, entry.get("places", {}).values())])
    if path is None:
        raise _absent(name, f"surrogate '{label}'", checksum, "fit it again, or put its file into", "surrogates")
    return make_surrogate_task(name, path)


def _training(name: str, entry: Entry) -> "Task":
    from nasbench.tasks.training_task import load_training_task, recorded_training_task

    declared = entry["declaration"]
    if "name" not in declared:  # an older record, which is incomplete: its file must be there
        task = load_training_task(name)
        declared = {**declared, "name": task.name, "title": task.title}
    else:
        task = recorded_training_task(entry)
    if other := differing(declared, task.declaration):
        raise _another(name, f"its {other} is {task.declaration.get(other)!r} now, {declared.get(other)!r} then")
    return task


def _another(name: str, how: str) -> RecordError:
    return RecordError(f"task {name} is not the one recorded: {how}")


def _absent(name: str, what: str, checksum: str, remedy: str, folder: str) -> RecordError:
    from nasbench.table import get_user_folder

    return _another(
        name, f"{what} with checksum {checksum} was not found; {remedy} {get_user_folder().with_name(folder)}"
    )
