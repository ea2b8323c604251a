"""The inputs of a comparison: tasks and contestants, by name or as objects, single or in sequences."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nasbench.choices import Choice
from nasbench.errors import InvalidOption, MissingExtra, UnknownName
from nasbench.tasks import Task, is_task
from nasbench.threads import limit_to_one_thread

Tasks = str | Path | Task | Sequence[str | Path | Task]
"""Tasks to compare on: names, and tasks that are already open."""

Contestants = str | type | Choice | Sequence[str | type | Choice]
"""Contestants to compare: labels and classes."""


def named_tasks(tasks: Tasks) -> tuple[tuple[str, ...], dict[str, Task]]:
    """Return the names of tasks, and a dictionary of those that are already open.

    Raises:
        InvalidOption: an item is neither a name nor a task, or is a task built in code, which a record cannot hold.
    """
    several: Sequence[Any] = [tasks] if isinstance(tasks, str | Path) or is_task(tasks) else listed("task", tasks)
    opened: dict[str, Task] = {}
    for item in several:
        if isinstance(item, str | Path):
            continue
        if not is_task(item):
            raise InvalidOption(f"task {item!r}; expected a name, or what nasbench.load_task returns")
        if not item.declaration:
            raise InvalidOption(f"task '{item.name}' was built in code; declare it in a TOML file instead")
        opened[item.name] = item
    return tuple(str(item) if isinstance(item, str | Path) else item.name for item in several), opened


def choices_of(kind: str, given: Contestants) -> tuple[Choice, ...]:
    """Convert labels, classes and choices, single or in a sequence, to choices; ``kind`` names them in errors.

    Raises:
        InvalidOption: an item is none of these.
    """
    several = [given] if isinstance(given, str | type | Choice) else listed(kind, given)
    for item in several:
        if not isinstance(item, str | type | Choice):
            raise InvalidOption(f"{kind} {item!r}; expected NAME[@PRESET][,option=value], or a class")
    return tuple(Choice.parse(item) for item in several)


def listed(kind: str, given: Any) -> list[Any]:
    """Convert a sequence of any type to a list.

    Raises:
        InvalidOption: it is not a sequence.
    """
    try:
        return list(given)
    except TypeError:
        raise InvalidOption(f"{kind} {given!r}; expected a name, or several in a list") from None


def check_made(what: str, make: Callable[[], object]) -> None:
    """Create a contestant once and discard it, to find invalid options early.

    Errors that the suite does not define are ignored: they belong to a run, and may occur in one and not in the next.

    Raises:
        InvalidOption, UnknownName, MissingExtra: as raised by the contestant, prefixed with ``what``.
    """
    try:
        with limit_to_one_thread():
            make()
    except (InvalidOption, UnknownName, MissingExtra) as error:
        error.args = (f"{what}: {error}",)
        raise
    except (Exception, SystemExit):
        return


def refuse_twice(**given: list[str]) -> None:
    """Refuse an empty list of names, or one with duplicates; the keyword says what they name.

    Raises:
        InvalidOption: a list is empty, or a name is given twice.
    """
    for kind, names in given.items():
        if not names:
            raise InvalidOption(f"no {kind} given; 'nasbench list' shows them")
        if twice := [name for name in names if names.count(name) > 1]:
            raise InvalidOption(f"{kind} {twice[0]!r} is given twice")
