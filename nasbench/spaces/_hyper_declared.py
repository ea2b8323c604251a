"""Read and check the declaration of a hyperparameter space, which is plain data."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from nasbench.errors import InvalidOption, make_unknown_name
from nasbench.spaces._space import Coded

MOST_CHOICES = 127  # of a space with int8 digits
_MOST_DIGITS = 2**53  # whole numbers up to here are exact in float64
_KINDS = ("categorical", "ordinal", "integer", "real")
_CONDITION = {"decision", "when", "is"}
_RESERVED = "=,\n"
_INSTEAD = str.maketrans({",": ";", "=": ":", "\n": " "})

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Decision:
    """One named decision.

    Attributes:
        name: its name in the text form.
        kind: ``categorical``, ``ordinal``, ``integer`` or ``real``.
        values: the value of each digit, in order; a ``range`` for an integer, empty for a real number.
        parent: position of the decision that this one depends on; -1 if it is always active.
        active_at: digits of the parent for which this decision is active.
        low, high: bounds of a real number, both included.
        log: whether a real number, or an integer with every value of its range, has a log scale.
    """

    name: str
    kind: str
    values: Sequence[Value] = ()
    parent: int = -1
    active_at: frozenset[int] = frozenset()
    low: float = 0.0
    high: float = 0.0
    log: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """The values as the text form writes them."""
        return tuple(write_value(value) for value in self.values)

    @property
    def is_number(self) -> bool:
        """Whether the decision is one number on a scale: a real number, or an integer with too many values to list."""
        return self.kind == "real" or (self.kind == "integer" and (self.log or len(self.values) > MOST_CHOICES))

    @property
    def is_wide(self) -> bool:
        """Whether its space needs rows of float64."""
        return self.is_number or len(self.values) > MOST_CHOICES


def clean_text(text: str) -> str:
    """Replace the characters that the text form of a configuration reserves."""
    return text.translate(_INSTEAD).strip() or "empty"


def clean_value(value: Any) -> Value:
    """Return another tool's category as a space lists it: a text, number or truth value; anything else as text."""
    return value if isinstance(value, bool | int | float) else clean_text(str(value))


def write_value(value: Value) -> str:
    """Write a value: truth values as in TOML, and floats so that reading them gives the same value."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def list_distinct(item: Decision) -> list[Value]:
    """Return the values of a listed decision for programs that take true as 1: as texts beside numbers."""
    kinds = {isinstance(value, bool) for value in item.values if not isinstance(value, str)}
    return list(item.texts) if len(kinds) > 1 else list(item.values)


def write_declaration(decisions: Sequence[Decision]) -> dict[str, Any]:
    """Return a declaration from which ``read_declaration`` makes the same ``decisions``."""
    conditions = [
        {"decision": item.name, "when": decisions[item.parent].name, "is": _find_parent_values(decisions, item)}
        for item in decisions
        if item.parent >= 0
    ]
    listed = {item.name: _write_kind(item) for item in decisions}
    return {"decisions": listed} | ({"conditions": conditions} if conditions else {})


def _write_kind(item: Decision) -> dict[str, Any]:
    if item.kind == "real":
        return {"real": [item.low, item.high]} | ({"log": True} if item.log else {})
    if item.kind == "integer":
        return _find_bounds(item)
    return {item.kind: list(item.values)}


def _find_bounds(item: Decision) -> dict[str, Any]:
    """Return the bounds, the step and the scale from which ``_list_integers`` makes the values of an integer."""
    values: Any = item.values
    ends = {"integer": [values[0], values[-1]]}
    if item.log:
        return {**ends, "step": 1, "log": True}
    if isinstance(values, range):
        return ends if values.step == 1 else {**ends, "step": values.step}
    steps = {after - before for before, after in pairwise(values)} or {1}
    if len(steps) == 1:
        return ends if steps == {1} else {**ends, "step": steps.pop()}
    return {**ends, "step": values[1] // values[0], "log": True}


def find_range(item: Decision) -> range | None:
    """Return the values of an integer decision as a range; None for other decisions, and factors such as 16, 32, 64."""
    if item.kind != "integer":
        return None
    bounds = _find_bounds(item)
    is_factor = bounds.get("log") and not item.log
    return None if is_factor else range(item.values[0], item.values[-1] + 1, bounds.get("step", 1))  # type: ignore[arg-type, operator]


def describe_coding(decisions: Sequence[Decision]) -> tuple[Coded, ...]:
    """Return the meaning of the codes: 1, 1.0 and the text "1" are the same value, categorical or ordered."""
    return tuple(
        Coded(item.name, *_describe_values(item))
        if item.parent < 0
        else Coded(
            item.name,
            *_describe_values(item),
            decisions[item.parent].name,
            item.active_at,
            tuple(map(write_value, _find_parent_values(decisions, item))),
        )
        for item in decisions
    )


def _find_parent_values(decisions: Sequence[Decision], item: Decision) -> list[Value]:
    """Return the values of the parent for which a decision is active."""
    return [decisions[item.parent].values[digit] for digit in sorted(item.active_at)]


def _describe_values(item: Decision) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the values of a decision as they compare, and as messages show them."""
    if item.kind == "real":  # its code is the number itself, whatever the bounds
        return ("a real number",), (f"{item.low:g} to {item.high:g}" + (" on a log scale" if item.log else ""),)
    if item.is_number:
        step = _find_bounds(item).get("step", 1)
        told = f"whole numbers from {item.values[0]}" + (f", step {step}" if step > 1 else "")
        shown = f"{item.values[0]} to {item.values[-1]}" + (f", step {step}" if step > 1 else "")
        return (told,), (shown + (" on a log scale" if item.log else ""),)
    return _normalize_values(item), item.texts


def _normalize_values(item: Decision) -> tuple[str, ...]:
    """Write equal values as the same text; keep the listed texts if two values of the decision would coincide."""
    alike = tuple(
        str(int(value)) if isinstance(value, float) and value.is_integer() else write_value(value)
        for value in item.values
    )
    return alike if len(set(alike)) == len(alike) else item.texts


def read_declaration(decisions: Mapping[str, Any], conditions: Sequence[Mapping[str, Any]]) -> tuple[Decision, ...]:
    """Read a declaration.

    Args:
        decisions: name -> ``{"categorical": [...]}``, ``{"ordinal": [...]}``,
            ``{"integer": [low, high], "step": 1, "log": False}`` or ``{"real": [low, high], "log": False}``.
        conditions: ``{"decision": name, "when": other, "is": [values]}``; at most one per decision.

    Raises:
        InvalidOption: the declaration has another form, or the conditions form a circle.
        UnknownName: a condition names a decision that is not declared.
    """
    if not isinstance(decisions, Mapping) or not decisions:
        raise InvalidOption("a hyperparameter space needs decisions = {name: {kind: values}}; found none")
    plain = [_read_decision(name, item) for name, item in decisions.items()]
    for condition in conditions:
        _apply_condition(plain, condition)
    order_parents_first(plain)
    return tuple(plain)


def _read_decision(name: str, item: Any) -> Decision:
    kinds = [kind for kind in _KINDS if isinstance(item, Mapping) and kind in item]
    if len(kinds) != 1:
        raise InvalidOption(f"decision '{name}' is {item!r}; expected one of {', '.join(_KINDS)} with its values")
    kind = kinds[0]
    allowed = {kind} | {"integer": {"step", "log"}, "real": {"log"}}.get(kind, set())
    if surplus := sorted(set(item) - allowed):
        raise make_unknown_name(f"key of decision '{name}'", surplus[0], allowed)
    values = item[kind]
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise InvalidOption(f"decision '{name}': {kind} = {values!r}; expected a list")
    if kind == "real":
        made = _read_real(name, values, item.get("log", False))
    elif kind == "integer":
        step, log = item.get("step"), item.get("log", False)
        made = Decision(name, kind, _list_integers(name, values, step, log), log=log and step == 1)
    else:
        if not values:
            raise InvalidOption(f"decision '{name}' has no choices; expected at least one value")
        if strange := [value for value in values if not isinstance(value, Value)]:
            raise InvalidOption(f"decision '{name}': {strange[0]!r} is not a text, a number or a truth value")
        made = Decision(name, kind, tuple(values))
    _check_texts(made)
    return made


def _read_real(name: str, bounds: Sequence[Any], log: Any) -> Decision:
    """Return a decision that is a real number."""
    numbers = [value for value in bounds if isinstance(value, int | float) and not isinstance(value, bool)]
    if not (len(numbers) == len(bounds) == 2 and -math.inf < numbers[0] < numbers[1] < math.inf):
        raise InvalidOption(f"decision '{name}': real = {list(bounds)!r}; expected [low, high], two rising numbers")
    if not isinstance(log, bool) or (log and numbers[0] <= 0):
        raise InvalidOption(
            f"decision '{name}': log = {log!r}, low = {numbers[0]}; a log scale needs log = true and a positive low"
        )
    low, high = (float(value) + 0.0 for value in numbers)
    if not math.isfinite(high - low):
        raise InvalidOption(
            f"decision '{name}': real = {list(bounds)!r} is too wide: high - low exceeds the largest float; expected a "
            "narrower range"
        )
    return Decision(name, "real", low=low, high=high, log=log)


def _list_integers(name: str, bounds: Sequence[Any], step: Any, log: Any) -> Sequence[int]:
    """Return low, low + step, ... or, with ``log``, low, low * step, ... up to at most high.

    With ``log`` and a step of 1, these are all whole numbers of the range: the scale alone is logarithmic.
    """
    step = (2 if log is True else 1) if step is None else step
    numbers = [*bounds, step]
    if len(bounds) != 2 or any(type(number) is not int for number in numbers) or bounds[0] > bounds[1]:
        raise InvalidOption(f"decision '{name}': integer = {list(bounds)!r}, step = {step!r}; expected [low, high]")
    if not isinstance(log, bool) or step < 1 or (log and bounds[0] < 1):
        raise InvalidOption(
            f"decision '{name}': log = {log!r}, step = {step}, low = {bounds[0]}; "
            "expected a step of at least 1; with log, a low of at least 1"
        )
    if bounds[1] - bounds[0] >= _MOST_DIGITS or abs(bounds[1]) > _MOST_DIGITS:
        raise InvalidOption(f"decision '{name}': integer = {list(bounds)!r} has too many values; expected below 2^53")
    if not log or step == 1:
        whole = range(bounds[0], bounds[1] + 1, step)
        return whole if log or len(whole) > MOST_CHOICES else tuple(whole)
    values = [bounds[0]]
    while values[-1] * step <= bounds[1]:
        values.append(values[-1] * step)
    return tuple(values)


def _check_texts(decision: Decision) -> None:
    texts = () if decision.is_number else decision.texts
    for text in (decision.name, *texts):
        if not text or text != text.strip() or any(character in text for character in _RESERVED):
            raise InvalidOption(
                f"decision '{decision.name}': {text!r} cannot be written as name=value,name=value: "
                "remove '=', ',' and spaces at the ends"
            )
    listed = decision.values if texts else ()
    numbers = [value for value in listed if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(set(texts)) < len(texts) or len(set(numbers)) < len(numbers):
        raise InvalidOption(f"decision '{decision.name}' lists a value twice: {', '.join(texts)}")


def _apply_condition(decisions: list[Decision], condition: Mapping[str, Any]) -> None:
    """Add one condition to ``decisions``."""
    if not isinstance(condition, Mapping) or condition.keys() != _CONDITION:
        raise InvalidOption(f"condition {condition!r}; expected {{decision = NAME, when = OTHER, is = [VALUES]}}")
    names = [decision.name for decision in decisions]
    for key in ("decision", "when"):
        if condition[key] not in names:
            raise make_unknown_name("decision of a condition", condition[key], names)
    at, parent = names.index(condition["decision"]), names.index(condition["when"])
    if decisions[at].parent >= 0:
        raise InvalidOption(f"decision '{names[at]}' has two conditions; it may depend on at most one other decision")
    values = condition["is"] if isinstance(condition["is"], list | tuple) else [condition["is"]]
    if decisions[parent].is_number:
        raise InvalidOption(
            f"decision '{names[at]}' depends on '{names[parent]}', a number on a scale; a condition needs listed values"
        )
    texts = decisions[parent].texts
    for value in values:
        if write_value(value) not in texts:
            raise make_unknown_name(f"value of '{names[parent]}' in the condition of '{names[at]}'", value, texts)
    if not values:
        raise InvalidOption(f"the condition of '{names[at]}' lists no value: the decision would never be active")
    active_at = frozenset(texts.index(write_value(value)) for value in values)
    decisions[at] = replace(decisions[at], parent=parent, active_at=active_at)


def order_parents_first(decisions: Sequence[Decision]) -> list[int]:
    """Return the positions of all decisions, each after the decision that it depends on.

    Raises:
        InvalidOption: decisions depend on each other in a circle.
    """
    order: list[int] = []
    waiting = list(range(len(decisions)))
    while waiting:
        ready = [i for i in waiting if decisions[i].parent < 0 or decisions[i].parent in order]
        if not ready:
            circle = ", ".join(decisions[i].name for i in waiting)
            raise InvalidOption(f"the conditions of {circle} form a circle")
        order += ready
        waiting = [i for i in waiting if i not in ready]
    return order
