"""Put a user's classes into the choices of a record, which holds only their names."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nasbench.choices import Choice
from nasbench.errors import make_unknown_name
from nasbench.registry import STRATEGIES

Given = type | str | Choice | Sequence[type | str | Choice] | Mapping[str, type | str]
"""Classes, or ``module:Class``: by the label of a recorded strategy, with a name, or alone."""


def put_in_classes(recorded: Sequence[Choice], given: Given) -> tuple[Choice, ...]:
    """Return the recorded choices with classes that a user gives; options stay as recorded.

    A class belongs to the label that it is given for. Without one, it belongs to each choice that was recorded with its
    name, or as a class of that name in ``__main__``, the script or notebook that ran the comparison.

    Raises:
        UnknownName: a class belongs to no recorded choice, or cannot be found.
        InvalidOption: ``module:Class`` cannot be imported.
    """
    choices = {choice.label: choice for choice in recorded}
    for title, choice in _list_given(given):
        component = choice.cls or STRATEGIES.load(choice.name)
        labels = [title] if title else [label for label, own in choices.items() if _is_named_like(own, component)]
        if not labels or labels[0] not in choices:
            raise make_unknown_name("strategy of the record", title or choice.definition, choices)
        choices |= {label: replace(choices[label], cls=component) for label in labels}
    return tuple(choices.values())


def _list_given(given: Given) -> list[tuple[str, Choice]]:
    """Return the title, empty without one, and the class of each item."""
    if isinstance(given, Mapping):
        return [(label, Choice.parse(item)) for label, item in given.items()]
    several = [given] if isinstance(given, type | str | Choice) else given
    return [(choice.title, choice) for choice in map(Choice.parse, several)]


def _is_named_like(choice: Choice, component: type) -> bool:
    """Whether a choice was recorded with the name of this class."""
    module, _, name = choice.name.partition(":")
    return name == component.__qualname__ and module in (component.__module__, "__main__")
