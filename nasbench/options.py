"""What an option may be: checked by its annotation, before anything runs.

A component's options are the keyword-only arguments of its constructor, or the fields of its class where that is a
dataclass. Their annotations say the type, ``Literal`` the choices, and the aliases here the range:
``hidden: Count = 64`` is a whole number from 1.
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
        low, high: its ends.
        open_low, open_high: whether an end itself is excluded.
    """

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def holds(self, value: float) -> bool:
        """Whether ``value`` lies in it; nan and infinity never do."""
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
"""A share above 0, up to all."""
OpenShare = Annotated[float, Within(0, 1, open_low=True, open_high=True)]
"""A share that is neither nothing nor all."""
Probability = Annotated[float, Within(0, 1)]
"""A number from 0 to 1."""
Decay = Annotated[float, Within(0, 1, open_high=True)]
"""A number from 0, below 1."""

Signed = Annotated[float, Within()]
"""Any number, also below 0."""
Text = Annotated[str, "free"]
"""Text that is none of a list of known words, such as a path."""

_NAMES: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    str: "text (in quotes where it looks like a number)",
}


def check_option(of: str, name: str, value: Any, annotation: Any) -> None:
    """Refuse a value that the annotation of an option does not allow; what it does not say is not checked.

    Args:
        of: whose option it is.
        name: of the option.
        value: as given.
        annotation: of the constructor's argument.

    Raises:
        InvalidOption: with the option, the value and what is allowed.
    """
    if not _fits(value, annotation):
        raise InvalidOption(f"option {name}={value} of '{of}'; expected {_describe_annotation(annotation)}")


def check_fields(configured: Any) -> None:
    """Refuse a dataclass one of whose fields has a value that its annotation does not allow.

    Raises:
        InvalidOption: with the field, the value and what is allowed.
    """
    for one in fields(configured):
        check_option(type(configured).__name__, one.name, getattr(configured, one.name), one.type)


def describe_options(component: type) -> dict[str, str]:
    """Return what the docstrings of a class and of those that it inherits from say of its options.

    They stand in the sections ``Args:`` and ``Attributes:``, in the style of Google; what a sub-class says counts more.
    """
    import inspect  # slow to import, and only manual pages ask

    described: dict[str, str] = {}
    for cls in reversed(component.__mro__):
        for section in re.findall(r"^(?:Args|Attributes):\n((?: +.*\n?)+)", inspect.cleandoc(cls.__doc__ or ""), re.M):
            for names, text in re.findall(r"^    ([\w, ]+): (.*(?:\n {5,}.*)*)", section, re.M):
                described |= dict.fromkeys(names.split(", "), " ".join(text.split()))
    return described


def require_whole_number(name: str, value: Any, *, least: int) -> int:
    """Return a whole number that may come as a whole float or from an array.

    Raises:
        InvalidOption: anything else, a truth value too, or less than ``least``.
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
    except TypeError:  # a protocol, say: nothing that can be asked of a value
        return True


def _fits_tuple(value: Any, inner: tuple[Any, ...]) -> bool:
    """Whether a tuple has the parts that are asked for; a list, which JSON makes of it, is as good."""
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
    """Return what an annotation allows, in words."""
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
