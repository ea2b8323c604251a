"""The declaration of a hyperparameter space from what another tool says of it, completed by its trials.

A tool may know the whole space, the domain of each decision without conditions (Optuna), or nothing but the trials.
``complete_space`` fills what is missing, so that every trial lies in the space, and says what it did.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from nasbench.errors import InvalidOption
from nasbench.spaces._hyper_declared import MOST_CHOICES, clean_text, clean_value

Config = dict[str, Any]
"""The active decisions of a trial, by name."""

_LOG_RATIO = 100.0  # positive numbers over a larger range than this are taken as log-scaled
_FEW = 10  # a number that takes at most so many values, each of them several times, is taken as a list
_LONGEST_LIST = 1000  # steps of a real decision that are listed one by one


class DeclaredSpace(NamedTuple):
    """A space as the ``hyper`` space declares it.

    Attributes:
        decisions: name -> ``{"categorical": [...]}`` and so on.
        conditions: ``{"decision": name, "when": other, "is": [values]}``.
        remarks: what the declaration does not say, or says in another way than the source.
    """

    decisions: dict[str, dict[str, Any]]
    conditions: list[dict[str, Any]]
    remarks: list[str]


def declare_integer(low: float, high: float, *, log: bool = False, step: int = 1) -> dict[str, Any]:
    """Declare an integer decision; a range of one number is a constant."""
    low, high = int(low), int(high)
    if low == high:
        return {"categorical": [low]}
    return {"integer": [low, high]} | ({"log": True, "step": 1} if log else {"step": step} if step != 1 else {})


def declare_real(low: float, high: float, *, log: bool = False, step: float | None = None) -> dict[str, Any]:
    """Declare a real decision; a range of one number is a constant, and one in steps a list."""
    low, high = float(low), float(high)
    if low == high:
        return {"categorical": [low]}
    if step and (high - low) / step <= _LONGEST_LIST:
        first, each = Decimal(str(low)), Decimal(str(step))
        n = int((Decimal(str(high)) - first) / each)
        return {"ordinal": [float(first + i * each) for i in range(n + 1)]}
    return {"real": [low, high]} | ({"log": True} if log else {})


def complete_space(given: DeclaredSpace, configs: Sequence[Config]) -> tuple[DeclaredSpace, list[Config]]:
    """Return a space that holds every configuration, and the configurations with the values as the space lists them.

    Args:
        given: what the source says of the space, possibly nothing.
        configs: the active decisions of every trial that chose all of them.

    Raises:
        InvalidOption: a configuration cannot be a point of a space of named decisions.
    """
    names = list(dict.fromkeys([*given.decisions, *(name for config in configs for name in config)]))
    clean = {name: clean_text(name) for name in names}
    if len(set(clean.values())) < len(clean):
        raise InvalidOption(f"two decisions have the same name without ',' and '=': {_list(list(clean))}")
    decisions, remarks, columns = {}, list(given.remarks), {}
    if guessed := [name for name in names if name not in given.decisions]:
        remarks.append(f"the source does not declare {_list(guessed)}: the space is inferred from the values seen")
    for name in names:
        seen = [config[name] for config in configs if name in config]
        item = given.decisions.get(name) or _guess_domain(name, seen)
        decisions[clean[name]], columns[name], remark = _fit_domain(name, item, seen)
        remarks += [remark] if remark else []
    renamed = [
        {
            "decision": clean[own["decision"]],
            "when": clean[own["when"]],
            "is": [clean_value(value) for value in own["is"]],
        }
        for own in given.conditions
        if own["decision"] in clean and own["when"] in clean and _is_listed(decisions[clean[own["when"]]])
    ]
    places: dict[str, int] = dict.fromkeys(names, 0)
    made: list[Config] = []
    for config in configs:
        made.append({})
        for name in config:
            made[-1][clean[name]] = columns[name][places[name]]
            places[name] += 1
    conditions, more = _complete_conditions(decisions, renamed, made)
    return DeclaredSpace(decisions, conditions, remarks + more), made


def _guess_domain(name: str, seen: Sequence[Any]) -> dict[str, Any]:
    """Guess the domain of a decision from its values."""
    if not seen:
        raise InvalidOption(f"decision '{name}' has no value in any trial")
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in seen):
        return {"categorical": sorted(dict.fromkeys(seen), key=str)}
    values = sorted(set(seen))
    whole = all(isinstance(value, int) for value in values)
    gaps = not whole or values[-1] - values[0] >= len(values)
    if 2 <= len(values) <= _FEW and 2 * len(values) <= len(seen) and gaps:
        return {"ordinal": values}
    log = values[0] > 0 and values[-1] / values[0] >= _LOG_RATIO
    if whole:
        return declare_integer(values[0], values[-1], log=log)
    return declare_real(values[0], values[-1], log=log)


def _fit_domain(name: str, item: Mapping[str, Any], seen: Sequence[Any]) -> tuple[dict[str, Any], list[Any], str]:
    """Return the domain with cleaned values, widened to hold the values ``seen``; the cleaned values; and a remark."""
    kind = next((kind for kind in ("categorical", "ordinal", "integer", "real") if kind in item), "")
    if not kind:
        raise InvalidOption(f"decision '{name}' is declared as {item!r}: neither list nor range")
    if kind in ("categorical", "ordinal"):
        listed = [clean_value(value) for value in item[kind]]
        found = [_find_listed(clean_value(value), listed, kind) for value in seen]
        more = [value for value in dict.fromkeys(found) if not any(value is own or value == own for own in listed)]
        every = sorted(listed + more) if kind == "ordinal" and all(map(_is_number, listed + more)) else listed + more
        remark = f"'{name}' took the values {_list(more)}, which its declaration lacks" if more else ""
        return {kind: every}, found, remark
    numbers = [_read_number(name, value, whole=kind == "integer") for value in seen]
    low, high = item[kind]
    ends = [min([low, *numbers]), max([high, *numbers])]
    step = item.get("step", 1) if kind == "integer" and not item.get("log") else 1
    widened = ends != [low, high] or any((number - low) % step for number in numbers if step != 1)
    remark = f"'{name}' took values outside of {low} to {high}: the range is now {ends[0]} to {ends[1]}"
    made = {**item, kind: ends} | ({"step": 1} if widened and step != 1 else {})
    if item.get("log") and not ends[0] > 0:
        del made["log"]
    return made, numbers, remark if widened else ""


def _find_listed(value: Any, listed: Sequence[Any], kind: str) -> Any:
    """Return the listed value that a value means: the same, or for numbers the nearest one up to rounding."""
    if kind == "ordinal" and _is_number(value):
        near = [own for own in listed if _is_number(own) and math.isclose(own, value, rel_tol=1e-9, abs_tol=1e-12)]
        return near[0] if near else value
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read_number(name: str, value: Any, *, whole: bool) -> float:
    if not _is_number(value) or not math.isfinite(value) or (whole and value != int(value)):
        raise InvalidOption(f"decision '{name}' is {value!r}; expected {'a whole' if whole else 'a finite'} number")
    return int(value) if whole else float(value)


def _complete_conditions(
    decisions: dict[str, dict[str, Any]], given: Sequence[Mapping[str, Any]], configs: Sequence[Config]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return conditions that explain which decisions each configuration has; adds decisions where none can."""
    made: list[dict[str, Any]] = [dict(own) for own in given]
    known = {own["decision"]: own for own in made}
    inferred, switches = [], []
    for name in list(decisions):
        present = [name in config for config in configs]
        if name in known and _explains(known[name], present, configs):
            continue
        if name in known:
            made.remove(known[name])
        if all(present):
            continue
        found = _infer_condition(name, present, decisions, configs)
        if found is None:
            found = _add_switch(name, present, decisions, configs)
            switches.append(found["when"])
        else:
            inferred.append(name)
        made.append(found)
    remarks = []
    if inferred:
        remarks.append(f"when {_list(inferred)} is active is inferred from the trials")
    if switches:
        remarks.append(f"no decision explains when others are active: the space adds {_list(switches)}")
    return made, remarks


def _is_listed(item: Mapping[str, Any]) -> bool:
    """Return whether a decision has values that a condition can list."""
    if "integer" not in item:
        return "real" not in item
    low, high = item["integer"]
    step = item.get("step", 1)
    return not (item.get("log") and step == 1) and (high - low) // step < MOST_CHOICES


def _explains(condition: Mapping[str, Any], present: Sequence[bool], configs: Sequence[Config]) -> bool:
    when, values = condition["when"], condition["is"]
    return all(own == (when in config and config[when] in values) for own, config in zip(present, configs, strict=True))


def explains_all(conditions: Sequence[Mapping[str, Any]], config: Mapping[str, Any]) -> bool:
    """Return whether a configuration has exactly the conditional decisions that its other values make active."""
    return all(_explains(own, [own["decision"] in config], [dict(config)]) for own in conditions)


def _infer_condition(
    name: str, present: Sequence[bool], decisions: Mapping[str, Mapping[str, Any]], configs: Sequence[Config]
) -> dict[str, Any] | None:
    """Return the simplest condition on one listed decision that holds in all configurations; None without one.

    The decision with the fewest values is the simplest, then the one declared last before ``name``: spaces that are
    defined by running a program name a decision just before those that depend on it.
    """
    order = list(decisions)
    candidates = []
    for at, parent in enumerate(order):
        if parent == name or not _is_listed(decisions[parent]) or at > order.index(name):
            continue
        on = {config[parent] for config, own in zip(configs, present, strict=True) if own and parent in config}
        condition = {"decision": name, "when": parent, "is": _fill(decisions[parent], on, configs, parent)}
        if on and _explains(condition, present, configs):
            n_values = len({config[parent] for config in configs if parent in config})
            candidates.append((n_values, -at, condition))
    if not candidates:
        return None
    n_values, _, condition = min(candidates, key=lambda own: own[:2])
    return condition if n_values <= max(2, len(configs) // 2) else None


def _fill(item: Mapping[str, Any], on: Iterable[Any], configs: Sequence[Config], parent: str) -> list[Any]:
    """Return the values of a parent that activate a decision; of numbers also those between two that do."""
    active = list(dict.fromkeys(on))
    if "integer" not in item:
        return [value for value in item.get("categorical", item.get("ordinal", ())) if value in active]
    off = {config[parent] for config in configs if parent in config} - set(active)
    low, high = item["integer"]
    step = item.get("step", 1)
    inside = range(low, high + 1, step) if high - low <= _LONGEST_LIST * step else sorted(active)
    return [value for value in inside if value in active or (min(active) < value < max(active) and value not in off)]


def _add_switch(
    name: str, present: Sequence[bool], decisions: dict[str, dict[str, Any]], configs: Sequence[Config]
) -> dict[str, Any]:
    """Add a decision that says whether ``name`` is active, and return the condition on it."""
    switch = f"with_{name}"
    if switch in decisions:
        raise InvalidOption(f"decision '{name}' is missing in some trials, and the name '{switch}' is taken")
    decisions[switch] = {"categorical": [False, True]}
    for config, own in zip(configs, present, strict=True):
        config[switch] = own
    return {"decision": name, "when": switch, "is": [True]}


def _list(names: Sequence[Any]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_FEW])
    return shown + (f" and {len(names) - _FEW} more" if len(names) > _FEW else "")
