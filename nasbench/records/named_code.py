"""The code of a choice: of its class, and of the components that its options name."""

from collections.abc import Iterator
from typing import Any, get_args

from nasbench.choices import Choice, options_of, read_defaults
from nasbench.errors import NasbenchError
from nasbench.records.code_digests import digest_code
from nasbench.registry import ACQUISITIONS, ENCODINGS, PREDICTORS, STRATEGIES, Registry

_NAMED = (PREDICTORS, ENCODINGS, ACQUISITIONS, STRATEGIES)
_LOOP = {STRATEGIES.kind: ("nasbench.simulation",)}
"""Modules that decide with every component of a kind in which order it is asked and told."""


def digest_choice(choice: Choice, registry: Registry) -> dict[str, str]:
    """Return the digests of the modules that decide what a choice does, by module, sorted.

    A predictor, encoding or strategy that an option names, given or by default, counts with all that it names in turn.
    Where a name stands for several kinds, each counts.
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
                continue  # its options are those of another kind's component of the same name
            digests |= digest_code(component, *_LOOP.get(kind.kind, ()))
            waiting.extend(_named_by(component, options))
    return dict(sorted(digests.items()))


def _named_by(component: Any, options: dict[str, Any]) -> Iterator[tuple[Choice, Registry]]:
    """Yield the components that options name, those left at their defaults too."""
    given = read_defaults(component) | options
    for name, annotation in options_of(component).items():
        value = given.get(name)
        takes_class = type in get_args(annotation)
        for choice in _labels_in(value) if isinstance(value, str | type | Choice) else ():
            if ":" in choice.name and takes_class:
                yield choice, PREDICTORS  # a class of the user's, which any registry loads
            yield from ((choice, registry) for registry in _NAMED if choice.name in registry.names())


def _labels_in(value: str | type | Choice) -> Iterator[Choice]:
    """Yield a label, or the several that a text joins by ``+``."""
    parts = value.split("+") if isinstance(value, str) else ()
    for label in (value, *parts):
        try:
            yield Choice.parse(label)
        except NasbenchError:  # text that is no label
            continue
