"""Digests of the code of a choice: its class, and the components that its options name."""

from collections.abc import Iterator
from typing import Any, get_args

from nasbench.choices import Choice, options_of, read_defaults
from nasbench.errors import NasbenchError
from nasbench.records.code_digests import digest_code, digest_files
from nasbench.registry import ACQUISITIONS, ENCODINGS, PREDICTORS, STRATEGIES, Registry

_NAMED = (PREDICTORS, ENCODINGS, ACQUISITIONS, STRATEGIES)
_LOOP = {STRATEGIES.kind: ("nasbench.simulation",)}
"""Kind -> modules that affect every component of the kind, such as the order of its calls."""


def digest_choice(choice: Choice, registry: Registry) -> dict[str, str]:
    """Compute the digests of the modules that determine what a choice does, sorted by module.

    A component that an option names, explicitly or by default, counts together with everything that it names in turn.
    If several kinds have the name, all of them count. So do the files that a component's static method
    ``list_files(options)`` returns.
    """
    digests: dict[str, str] = {}
    waiting, seen = [(choice, registry)], set[tuple[str, str]]()
    while waiting:
        named, kind = waiting.pop()
        if (named.label, kind.kind) not in seen:
            seen.add((named.label, kind.kind))
            try:
                component, options = named.resolve(kind)
            except NasbenchError:
                if named is choice:
                    raise
                continue  # the options belong to a component of another kind with the same name
            digests |= digest_code(component, *_LOOP.get(kind.kind, ()))
            if hasattr(component, "list_files"):
                digests |= digest_files(component.list_files(options))
            waiting.extend(_named_by(component, options))
    return dict(sorted(digests.items()))


def _named_by(component: Any, options: dict[str, Any]) -> Iterator[tuple[Choice, Registry]]:
    """Yield the components that options name, including options left at their defaults."""
    given = read_defaults(component) | options
    for name, annotation in options_of(component).items():
        value = given.get(name)
        takes_class = type in get_args(annotation)
        for choice in _labels_in(value) if isinstance(value, str | type | Choice) else ():
            if ":" in choice.name and takes_class:
                yield choice, PREDICTORS  # a user's class, which any registry can load
            yield from ((choice, registry) for registry in _NAMED if choice.name in registry.names())


def _labels_in(value: str | type | Choice) -> Iterator[Choice]:
    """Yield a label, and the labels that a text joins by ``+``."""
    parts = value.split("+") if isinstance(value, str) else ()
    for label in (value, *parts):
        try:
            yield Choice.parse(label)
        except NasbenchError:  # the text is not a label
            continue
