"""Checking options by their annotations, before anything runs.

A component's options are the keyword-only arguments of its constructor, or the fields of its class if that is a
dataclass. The annotation of an option gives its type, ``Literal`` its choices, and the aliases of this module its
range: ``hidden: Count = 64`` is a whole number from 1.
"""

import math
import operator
import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from nasbench.errors import InvalidOption


@dataclass(frozen=True, slots=True)
class Within:
    """A range of numbers, for ``Annotated``.

    Attributes:
        low, high: ends of the range.
        open_low, open_high: whether an end is excluded.
    """

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def holds(self, value: float) -> bool:
        """Return whether ``value`` lies in the range; nan and infinity never do."""
        above = self.low < value if self.open_low else self.low <= value
        below = value < self.high if self.open_high else value <= self.high
        return math.isfinite(value) and above and below

    def __str__(self) -> str:
        """Return ``at least 1``, ``above 0, at most 1`` and the like."""
        low = f"{'above' if self.open_low else 'at least'} {self.low:g}" if math.isfinite(self.low) else ""
        high = f"{'below' if self.open_high else 'at most'} {self.high:g}" if math.isfinite(self.high) else ""
        return ", ".join(part for part in (low, high) if part) or "finite"


Count = Annotated[int, Within(1)]
"""A whole number from 1."""
FromTwo = Annotated[int, Within(2)]
"""A whole number from 2."""
Whole = Annotated[int, Within(0)]
"""A whole number from 0."""
Positive = Annotated[float, Within(0, open_low=True)]
"""A number above 0."""
NotNegative = Annotated[float, Within(0)]
"""A number from 0."""
Share = Annotated[float, Within(0, 1, open_low=True)]
"""A share above 0, up to 1."""
OpenShare = Annotated[float, Within(0, 1, open_low=True, open_high=True)]
"""A share above 0 and below 1."""
Probability = Annotated[float, Within(0, 1)]
"""A number from 0 to 1."""
Decay = Annotated[float, Within(0, 1, open_high=True)]
"""A number from 0, below 1."""

Signed = Annotated[float, Within()]
"""Any number, also below 0."""
Text = Annotated[str, "free"]
"""Free text, such as a path, rather than one of a list of known words."""

_NAMES: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    str: "text (in quotes where it looks like a number)",
}


def check_option(of: str, name: str, value: Any, annotation: Any) -> None:
    """Check the value of an option by its annotation.

    Args:
        of: name of the component.
        name: name of the option.
        value: given value.
        annotation: annotation of the constructor's argument.

    Raises:
        InvalidOption: the value is not allowed; the message names the option, the value and what is allowed.
    """
    if not _fits(value, annotation):
        raise InvalidOption(f"option {name}={value} of '{of}'; expected {_describe_annotation(annotation)}")


def check_fields(configured: Any) -> None:
    """Check all fields of a dataclass by their annotations.

    Raises:
        InvalidOption: a value is not allowed; the message names the field, the value and what is allowed.
    """
    for one in fields(configured):
        check_option(type(configured).__name__, one.name, getattr(configured, one.name), one.type)


def describe_options(component: type) -> dict[str, str]:
    """Return the descriptions of a class's options, from its docstring and those of its base classes.

    They are in the sections ``Args:`` and ``Attributes:`` in Google style; those of a sub-class take precedence.
    """
    import inspect  # slow to import, and only manual pages ask

    described: dict[str, str] = {}
    for cls in reversed(component.__mro__):
        for section in re.findall(r"^(?:Args|Attributes):\n((?: +.*\n?)+)", inspect.cleandoc(cls.__doc__ or ""), re.M):
            for names, text in re.findall(r"^    ([\w, ]+): (.*(?:\n {5,}.*)*)", section, re.M):
                described |= dict.fromkeys(names.split(", "), " ".join(text.split()))
    return described


def require_whole_number(name: str, value: Any, *, least: int) -> int:
    """Return a whole number, which may be given as a whole float or a numpy scalar.

    Raises:
        InvalidOption: the value is anything else, such as True or False, or is less than ``least``.
    """
    try:
        number = None if type(value).__name__ in ("bool", "bool_") else operator.index(value)
    except TypeError:
        number = int(value) if _is_whole_float(value) else None
    if number is None or number < least:
        raise InvalidOption(f"{name}={value!r}; expected a whole number, at least {least}")
    return number


def _is_whole_float(value: Any) -> bool:
    return hasattr(value, "is_integer") and not isinstance(value, complex) and bool(value.is_integer())


def _fits(value: Any, annotation: Any) -> bool:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        ranges = [part for part in inner[1:] if isinstance(part, Within)]
        return _fits(value, inner[0]) and all(part.holds(value) for part in ranges)
    if origin in (Union, types.UnionType):
        return any(_fits(value, part) for part in inner)
    if origin is Literal:
        return any(type(value) is type(part) and value == part for part in inner)
    if origin is tuple or annotation is tuple:
        return _fits_tuple(value, inner)
    if origin is Sequence:
        items = isinstance(value, Sequence) and not isinstance(value, str)
        return items and all(_fits(item, inner[0]) for item in value)
    if origin is Mapping:
        return isinstance(value, Mapping)
    if annotation is None or annotation is type(None):
        return value is None
    if annotation in (int, float):
        return _is_number(value, annotation)
    try:
        return isinstance(value, annotation) if isinstance(annotation, type) else True
    except TypeError:  # such as a protocol, for which values cannot be checked
        return True


def _fits_tuple(value: Any, inner: tuple[Any, ...]) -> bool:
    """Return whether a tuple, or a list (as JSON stores it), has the annotated parts."""
    if not isinstance(value, tuple | list):
        return False
    if len(inner) == 2 and inner[1] is Ellipsis:
        return all(_fits(item, inner[0]) for item in value)
    return not inner or (len(inner) == len(value) and all(map(_fits, value, inner)))


def _is_number(value: Any, kind: type) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or (kind is float and math.isfinite(value))


def _describe_annotation(annotation: Any) -> str:
    """Return a description of the values that an annotation allows."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return ", ".join(
            [_describe_annotation(inner[0]), *(str(part) for part in inner[1:] if isinstance(part, Within))]
        )
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_describe_annotation(part) for part in inner))
    if origin is Literal:
        return "one of " + ", ".join(map(str, inner))
    if origin is tuple and inner and inner[-1] is not Ellipsis:
        return f"a list of {len(inner)}: " + "; ".join(map(_describe_annotation, inner))
    if origin in (tuple, Sequence):
        return "a list" + (f", each {_describe_annotation(inner[0])}" if inner else "")
    if annotation is None or annotation is type(None):
        return "None"
    return _NAMES.get(annotation, getattr(annotation, "__name__", str(annotation)))
