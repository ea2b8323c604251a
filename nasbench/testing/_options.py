"""The contract of options: a component refuses unsuitable values, by name, when it is made and not later."""

import types
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from nasbench.choices import options_of
from nasbench.errors import InvalidArchitecture, InvalidOption, UnknownName
from nasbench.options import Text, Within, check_option

_TEXT = "no such word"


def check_options(component: Callable[..., object], make: Callable[..., object]) -> None:
    """Check that every option of a component is checked: type, range and choice.

    Args:
        component: a class whose annotated keyword-only arguments are its options.
        make: ``make(**options)`` makes the component; without options it must succeed. Making must be cheap.

    Annotations are checked as when a label is read, the rest by the constructor. Text must be one of the known words
    or names, unless the annotation is ``nasbench.options.Text``; a number may be arbitrarily negative only if the
    annotation is ``nasbench.options.Signed``.
    """
    make()
    for name, annotation in options_of(component).items():
        for value in _wrong(annotation):
            _refused(component, name, value, annotation, partial(make, **{name: value}))


def _refused(component: Any, name: str, value: Any, annotation: Any, make: Callable[[], object]) -> None:
    what = f"{name}={value!r} of {getattr(component, '__name__', component)}"
    try:
        check_option("it", name, value, annotation)
        make()
    except (InvalidOption, UnknownName, InvalidArchitecture):
        return
    except Exception as error:
        raise AssertionError(f"{what} ends in {type(error).__name__}: {error}; expected an InvalidOption") from error
    raise AssertionError(f"{what} is accepted")


def _wrong(annotation: Any) -> Iterator[Any]:
    """Yield values that an option with this annotation must refuse; none if the annotation allows anything."""
    parts = list(_alternatives(annotation))
    kinds = {kind for kind, _ in parts}
    if Any in kinds or not kinds:
        return
    yield from (value for kind, values in _OTHER_TYPES.items() if not kinds & kind for value in values)
    if kinds & {int, float}:
        yield from (float("nan"), float("inf"))
        yield from _outside([found for kind, found in parts if kind in (int, float)])
    if kinds & {str} and Text not in _spelt(annotation):
        yield _TEXT


_OTHER_TYPES: Mapping[frozenset[Any], tuple[Any, ...]] = {
    frozenset({str}): (_TEXT,),
    frozenset({bool}): (True,),
    frozenset({int, float}): (3,),
    frozenset({float}): (1.5,),
    frozenset({type(None)}): (None,),
    frozenset({list}): ([object()],),
}


def _outside(ranges: list[Within | None]) -> Iterator[float]:
    """Yield a number below and one above all ranges; without ranges, one far below 0."""
    given = [found for found in ranges if found is not None]
    if not given:
        yield -1_000_003
        return
    yield from (value for value in (_below(given), _above(given)) if value is not None)


def _below(given: list[Within]) -> float | None:
    low = min(given, key=lambda one: one.low)
    return None if low.low == -float("inf") else low.low if low.open_low else low.low - 1


def _above(given: list[Within]) -> float | None:
    high = max(given, key=lambda one: one.high)
    return None if high.high == float("inf") else high.high if high.open_high else high.high + 1


def _spelt(annotation: Any) -> tuple[Any, ...]:
    """Return an annotation and its alternatives, as they are written."""
    return (annotation, *(() if get_origin(annotation) is Annotated else get_args(annotation)))


def _alternatives(annotation: Any) -> Iterator[tuple[Any, Within | None]]:
    """Yield the types that an annotation allows, and the range of each."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        found = next((part for part in inner[1:] if isinstance(part, Within)), None)
        yield from ((kind, found) for kind, _ in _alternatives(inner[0]))
    elif origin is Literal:
        yield from ((type(one), None) for one in inner)
    elif origin in (Union, types.UnionType):
        for part in inner:
            yield from _alternatives(part)
    elif origin is not None or annotation is tuple:  # a sequence or a mapping
        yield list, None
    else:
        yield annotation, None
