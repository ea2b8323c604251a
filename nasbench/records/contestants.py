"""The inputs of a comparison: tasks and contestants, by name or as objects, single or in sequences."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench.choices import Choice
from nasbench.errors import InvalidOption, MissingExtra, UnknownName
from nasbench.registry import Registry
from nasbench.tasks import Task, is_task
from nasbench.threads import limit_to_one_thread

Tasks = str | Path | Task | Sequence[str | Path | Task]
"""Tasks to compare on: names, and tasks that are already open."""

Contestant = str | type | Choice
"""One contestant: a label ``[TITLE=]NAME[@PRESET][,option=value ...]``, a class, or what ``nasbench.named`` returns."""

Contestants = Contestant | Sequence[Contestant] | Mapping[str, Contestant]
"""Contestants to compare: one, several, or a dictionary with the user's own names as keys."""


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
    """Convert labels, classes and choices, single, in a sequence or by name, to choices; ``kind`` names them in errors.

    Raises:
        InvalidOption: an item is none of these.
    """
    if isinstance(given, Mapping):
        return tuple(
            choice.named(title) for title, choice in zip(given, choices_of(kind, [*given.values()]), strict=True)
        )
    several = [given] if isinstance(given, str | type | Choice) else listed(kind, given)
    for item in several:
        if not isinstance(item, str | type | Choice):
            raise InvalidOption(f"{kind} {item!r}; expected NAME[@PRESET][,option=value], or a class")
    return tuple(Choice.parse(item) for item in several)


def refuse_borrowed_names(kind: str, choices: Sequence[Choice], registry: Registry) -> None:
    """Refuse a title that is the name of another component: readers would take it for that one.

    Raises:
        InvalidOption: a title is borrowed.
    """
    for choice in choices:
        if choice.title in registry.names() and choice.definition != choice.title:
            raise InvalidOption(
                f"{kind} {choice.definition!r} is called {choice.title!r}, which is the name of another {kind}; choose "
                "another name"
            )


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
