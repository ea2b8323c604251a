"""What a comparison is given: tasks and contestants, by name or as objects, alone or in sequences."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nasbench.errors import InvalidOption
from nasbench.registry import Choice
from nasbench.tasks import AnyTask, Task

Tasks = str | Path | AnyTask | Sequence[str | Path | AnyTask]
"""What may be compared on: names, and tasks that are open already."""

Contestants = str | type | Choice | Sequence[str | type | Choice]
"""What may be compared: labels and classes."""


def named_tasks(tasks: Tasks) -> tuple[tuple[str, ...], dict[str, AnyTask]]:
    """Return the names of tasks, and those that are open already by name.

    Raises:
        InvalidOption: something that is neither a name nor a task, or a task made by hand, which no record can hold.
    """
    alone = isinstance(tasks, str | Path | AnyTask)
    several: Sequence[Any] = [tasks] if alone else listed("task", tasks)
    opened: dict[str, AnyTask] = {}
    for item in several:
        if isinstance(item, AnyTask):
            opened[item.name] = item
        elif not isinstance(item, str | Path):
            raise InvalidOption(f"task {item!r}; expected a name, or what nasbench.load_task returns")
        if isinstance(item, Task) and not item.declaration:
            raise InvalidOption(f"task '{item.name}' was made by hand; declare it in a TOML file instead")
    return tuple(item.name if isinstance(item, AnyTask) else str(item) for item in several), opened


def choices_of(kind: str, given: Contestants) -> tuple[Choice, ...]:
    """Return labels, classes and choices, alone or in a sequence, as choices; ``kind`` says what they choose.

    Raises:
        InvalidOption: none of these.
    """
    several = [given] if isinstance(given, str | type | Choice) else listed(kind, given)
    for item in several:
        if not isinstance(item, str | type | Choice):
            raise InvalidOption(f"{kind} {item!r}; expected NAME[@PRESET][,option=value], or a class")
    return tuple(Choice.parse(item) for item in several)


def listed(kind: str, given: Any) -> list[Any]:
    """Return a sequence of any type as a list.

    Raises:
        InvalidOption: it is none.
    """
    try:
        return list(given)
    except TypeError:
        raise InvalidOption(f"{kind} {given!r}; expected a name, or several in a list") from None
