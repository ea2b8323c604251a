"""Read and check the declaration of a hyperparameter space, which is plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from nasbench.errors import InvalidOption, make_unknown_name
from nasbench.spaces._space import Coded

MOST_CHOICES = 127  # digits are int8
_KINDS = ("categorical", "ordinal", "integer")
_CONDITION = {"decision", "when", "is"}
_RESERVED = "=,\n"

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Decision:
    """One named decision.

    Attributes:
        name: its name in the text form.
        kind: ``categorical``, ``ordinal`` or ``integer``.
        values: the value of each digit, in order.
        parent: position of the decision that this one depends on; -1 if it is always active.
        active_at: digits of the parent for which this decision is active.
    """

    name: str
    kind: str
    values: tuple[Value, ...]
    parent: int = -1
    active_at: frozenset[int] = frozenset()

    @property
    def texts(self) -> tuple[str, ...]:
        """The values as the text form writes them."""
        return tuple(write_value(value) for value in self.values)


def write_value(value: Value) -> str:
    """Write a value: truth values as in TOML, and floats so that reading them gives the same value."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def write_declaration(decisions: Sequence[Decision]) -> dict[str, Any]:
    """Return a declaration from which ``read_declaration`` makes the same ``decisions``."""
    conditions = [
        {"decision": item.name, "when": decisions[item.parent].name, "is": _find_parent_values(decisions, item)}
        for item in decisions
        if item.parent >= 0
    ]
    listed = {
        item.name: _find_bounds(item.values) if item.kind == "integer" else {item.kind: list(item.values)}
        for item in decisions
    }
    return {"decisions": listed} | ({"conditions": conditions} if conditions else {})


def _find_bounds(values: Sequence[Any]) -> dict[str, Any]:
    """Return the bounds and the step from which ``_list_integers`` makes ``values``."""
    ends = {"integer": [values[0], values[-1]]}
    steps = {after - before for before, after in pairwise(values)} or {1}
    if len(steps) == 1:
        return ends if steps == {1} else {**ends, "step": steps.pop()}
    return {**ends, "step": values[1] // values[0], "log": True}


def describe_coding(decisions: Sequence[Decision]) -> tuple[Coded, ...]:
    """Return the meaning of the codes: 1, 1.0 and the text "1" are the same value, categorical or ordered."""
    return tuple(
        Coded(item.name, _normalize_values(item), item.texts)
        if item.parent < 0
        else Coded(
            item.name,
            _normalize_values(item),
            item.texts,
            decisions[item.parent].name,
            item.active_at,
            tuple(map(write_value, _find_parent_values(decisions, item))),
        )
        for item in decisions
    )


def _find_parent_values(decisions: Sequence[Decision], item: Decision) -> list[Value]:
    """Return the values of the parent for which a decision is active."""
    return [decisions[item.parent].values[digit] for digit in sorted(item.active_at)]


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
        decisions: name -> ``{"categorical": [...]}``, ``{"ordinal": [...]}`` or
            ``{"integer": [low, high], "step": 1, "log": False}``.
        conditions: ``{"decision": name, "when": other, "is": [values]}``; at most one per decision.

    Raises:
        InvalidOption: the declaration has another form, a decision has more than 127 choices, or the conditions form
            a circle.
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
    allowed = {kind, "step", "log"} if kind == "integer" else {kind}
    if surplus := sorted(set(item) - allowed):
        raise make_unknown_name(f"key of decision '{name}'", surplus[0], allowed)
    values = item[kind]
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise InvalidOption(f"decision '{name}': {kind} = {values!r}; expected a list")
    if kind == "integer":
        values = _list_integers(name, values, item.get("step"), item.get("log", False))
    if not 1 <= len(values) <= MOST_CHOICES:
        raise InvalidOption(
            f"decision '{name}' has {f'more than {MOST_CHOICES}' if values else 'no'} choices; "
            f"expected 1 to {MOST_CHOICES}: give a step, or fewer values"
        )
    if strange := [value for value in values if not isinstance(value, Value)]:
        raise InvalidOption(f"decision '{name}': {strange[0]!r} is not a text, a number or a truth value")
    made = Decision(name, kind, tuple(values))
    _check_texts(made)
    return made


def _list_integers(name: str, bounds: Sequence[Any], step: Any, log: Any) -> Sequence[int]:
    """Return low, low + step, ... or, with ``log``, low, low * step, ... up to at most high."""
    step = (2 if log is True else 1) if step is None else step
    numbers = [*bounds, step]
    if len(bounds) != 2 or any(type(number) is not int for number in numbers) or bounds[0] > bounds[1]:
        raise InvalidOption(f"decision '{name}': integer = {list(bounds)!r}, step = {step!r}; expected [low, high]")
    if not isinstance(log, bool) or step < 1 + log or (log and bounds[0] < 1):
        raise InvalidOption(
            f"decision '{name}': log = {log!r}, step = {step}, low = {bounds[0]}; "
            "expected a step of at least 1; with log, a factor of at least 2 and a low of at least 1"
        )
    if not log:
        return range(bounds[0], bounds[1] + 1, step)[: MOST_CHOICES + 1]  # len fails on longer ones
    values = [bounds[0]]
    while values[-1] * step <= bounds[1]:
        values.append(values[-1] * step)
    return values


def _check_texts(decision: Decision) -> None:
    for text in (decision.name, *decision.texts):
        if not text or text != text.strip() or any(character in text for character in _RESERVED):
            raise InvalidOption(
                f"decision '{decision.name}': {text!r} cannot be written as name=value,name=value: "
                "remove '=', ',' and spaces at the ends"
            )
    numbers = [value for value in decision.values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(set(decision.texts)) < len(decision.texts) or len(set(numbers)) < len(numbers):
        raise InvalidOption(f"decision '{decision.name}' lists a value twice: {', '.join(decision.texts)}")


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
