"""Guess what kind of decision a column holds from its values, and on which other decision its gaps depend.

Numbers are ordered. Few values are listed (``ordinal``); many are a range: of whole numbers (``integer``) or of real
ones (``real``), on a logarithmic scale where the values span two orders of magnitude. Texts and truth values are
``categorical``.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from nasbench.importers._cells import is_number
from nasbench.importers._columns import Column
from nasbench.importers._guess_columns import split_words
from nasbench.spaces import MOST_CHOICES

Value = str | int | float | bool

_FEW = 20  # values that are listed even if most architectures have one of their own
_REPEATS = 3  # a value that this many architectures share on average was chosen from a list
_DIGITS = 3  # significant digits of numbers that people choose
_SPAN = 100.0  # from this ratio of the largest to the smallest value on, a scale may be logarithmic
_CROWDED = 0.2  # then half of the values lie below this share of the range
_NAMED_SPAN = 10.0
_ALMOST = 1e-9
_LOGARITHMIC = re.compile(r"\b(lr|rate|decay|wd|weight decay|l2|eps|epsilon)\b")
_SHOWN = 8  # values that a text lists
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_LEADING_ZERO = re.compile(r"[+-]?0\d")
_TRUTH = {"true": True, "True": True, "false": False, "False": False}


def list_values(texts: Column) -> list[Value]:
    """Return the distinct values of a column of texts, sorted: numbers, truth values, or else texts; None is left out.

    1 and 1.0 are one value.
    """
    distinct = [text for text in pd.unique(texts) if text is not None]
    if distinct and all(map(_WHOLE.fullmatch, distinct)) and not any(map(_LEADING_ZERO.match, distinct)):
        return sorted(set(map(int, distinct)))  # exact beyond 2^53, too
    if (floats := _read_floats(distinct)) is not None:
        numbers = {value: _plain(text, value) for value, text in zip(floats, distinct, strict=True)}
        return [numbers[value] for value in sorted(numbers)]
    truths = [_TRUTH[text] for text in distinct if text in _TRUTH]
    if truths and len(truths) == len(distinct) == len(set(truths)):
        return sorted(truths)
    return sorted(distinct, key=lambda text: (float(text), "") if is_number(text) else (np.inf, text))


def _read_floats(texts: Sequence[str]) -> list[float] | None:
    """Return texts as finite numbers; None if one is something else. See ``is_number`` for what is no number."""
    joined = "".join(texts)
    if not texts or "_" in joined or not joined.isascii() or any(map(_LEADING_ZERO.match, texts)):
        return None  # 010 is a code, not the number 10
    try:
        values = list(map(float, texts))
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _plain(text: str, value: float) -> int | float:
    """Return a number as a whole one where its text, or its value, is one."""
    if not value.is_integer():
        return value
    return int(text) if _WHOLE.fullmatch(text) else int(value) if abs(value) < 2**53 else value


def guess_decision(name: str, values: Sequence[Value], n: int) -> dict[str, Any]:
    """Return the declaration of a decision, as the space ``hyper`` takes it.

    Args:
        name: its name; rates and decays have a logarithmic scale already where they span one order of magnitude.
        values: its distinct values, sorted.
        n: number of rows that have one.
    """
    numbers = [value for value in values if not isinstance(value, str | bool)]
    if len(numbers) < len(values):
        return {"categorical": list(values)}
    if len(values) <= _FEW and all(map(_is_round, numbers)):
        return {"ordinal": numbers}
    if len(values) <= MOST_CHOICES and _REPEATS * len(values) <= n:
        return {"ordinal": numbers}
    return declare_range(name, numbers)


def _is_round(number: float) -> bool:
    """Return whether a number has few digits: people choose 0.001 and 128, and draw 0.0013294."""
    return isinstance(number, int) or float(f"{number:.{_DIGITS}g}") == number


def declare_range(name: str, numbers: Sequence[int | float]) -> dict[str, Any]:
    """Return the range of a decision's numbers [k], sorted; a real range is rounded outwards to one digit.

    The scale is logarithmic where the numbers span two orders of magnitude and crowd at the lower end. For rates and
    decays, which ``name`` tells, one order is enough.
    """
    low, high = numbers[0], numbers[-1]
    crowded = low > 0 and high / low >= _SPAN and float(np.median(numbers)) <= low + _CROWDED * (high - low)
    log = crowded or (low > 0 and high / low >= _NAMED_SPAN and bool(_LOGARITHMIC.search(split_words(name))))
    if all(isinstance(number, int) for number in numbers):
        return {"integer": [low, high]} | ({"log": True, "step": 1} if log else {})
    sizes = (low, high) if log else ((high - low) / 2, (high - low) / 2)
    ends = [_round_outwards(end, size, up=end == high) for end, size in zip((low, high), sizes, strict=True)]
    return {"real": ends} | ({"log": True} if log else {})


def _round_outwards(value: float, size: float, *, up: bool) -> float:
    """Return the next multiple of the power of ten of ``size``, at or beyond ``value``."""
    exponent = math.floor(math.log10(size)) if size > 0 else 0
    whole = value / 10.0**exponent
    count = math.ceil(whole - _ALMOST) if up else math.floor(whole + _ALMOST)
    rounded = float(f"{count}e{exponent}")
    return max(rounded, value) if up else min(rounded, value)


def describe_decision(declared: Mapping[str, Any]) -> str:
    """Return a declaration as text: ``ordinal: 1, 2, 4``, or ``real from 0.001 to 0.1 (log scale)``."""
    kind = next(iter(declared))
    values = declared[kind]
    if kind in ("integer", "real"):
        step = declared.get("step", 1)
        scale = " (log scale)" if declared.get("log") else f" in steps of {step}" if step != 1 else ""
        return f"{kind} from {values[0]:g} to {values[1]:g}{scale}"
    texts = list(map(_write_value, values))
    more = [*texts[: _SHOWN - 1], "...", texts[-1]] if len(texts) > _SHOWN else texts
    count = f" ({len(texts)} values)" if len(texts) > _SHOWN else ""
    return f"{kind}: {', '.join(more)}{count}"


def guess_condition(decision: str, columns: Mapping[str, Column]) -> dict[str, Any] | None:
    """Return the condition under which a decision with gaps is active; None if no other decision determines it.

    A decision determines the gaps if none of its values appears both with and without a gap. Decisions without gaps of
    their own come first, and among them those with the fewest values.

    Args:
        decision: name of the decision.
        columns: texts [n] of all decisions, None where empty.
    """
    gaps = pd.isna(columns[decision])
    found = []
    for name, texts in columns.items():
        if name == decision:
            continue
        inside, outside = set(pd.unique(texts[~gaps])), set(pd.unique(texts[gaps]))
        distinct = len(inside | outside)
        if None not in inside and not inside & outside and 2 * distinct <= len(texts):
            values = list_values(np.array(sorted(inside), dtype=object))
            found.append((None in outside, distinct, {"decision": decision, "when": name, "is": values}))
    return min(found, key=lambda item: item[:2])[2] if found else None


def describe_condition(condition: Mapping[str, Any]) -> str:
    """Return a condition as text: ``only where optimizer is sgd``."""
    among = condition["is"] if isinstance(condition["is"], list | tuple) else [condition["is"]]
    return f"only where {condition['when']} is {' or '.join(map(_write_value, among))}"


def _write_value(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
