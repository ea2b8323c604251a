"""Convert hyperparameter spaces to and from ConfigSpace (Lindauer et al. 2019, arXiv 1908.06756).

ConfigSpace rounds real numbers to about 13 digits. The bounds are rounded inwards, so that each of its configurations
lies in our space; a configuration of ours with more digits is rounded on the way.
"""

from collections.abc import Sequence
from typing import Any

from nasbench.errors import InvalidOption, MissingExtra
from nasbench.spaces._hyper_declared import Decision, find_range, list_distinct
from nasbench.spaces._hyper_inferred import declare_integer, declare_real

_DECIMALS = 13
_LONGEST_LIST = 10_000


def _import_configspace() -> Any:
    try:
        import ConfigSpace
    except ImportError:
        raise MissingExtra("ConfigSpace", "configspace") from None
    return ConfigSpace


def build_configspace(decisions: Sequence[Decision], name: str) -> Any:
    """Return a ``ConfigurationSpace`` with the same decisions and conditions.

    Raises:
        InvalidOption: ConfigSpace cannot hold a decision.
    """
    cs = _import_configspace()
    space = cs.ConfigurationSpace(name=name)
    try:
        made = [_build_hyperparameter(cs, decision) for decision in decisions]
        space.add(made)
    except ValueError as error:
        raise InvalidOption(f"ConfigSpace cannot hold the space: {error}") from error
    for own, decision in zip(made, decisions, strict=True):
        if decision.parent >= 0:
            values = list_distinct(decisions[decision.parent])
            space.add(cs.InCondition(own, made[decision.parent], [values[at] for at in sorted(decision.active_at)]))
    return space


def _build_hyperparameter(cs: Any, decision: Decision) -> Any:
    name, values = decision.name, decision.values
    if decision.kind == "real":
        return cs.UniformFloatHyperparameter(name, *_round_inwards(decision.low, decision.high), log=decision.log)
    if len(values) == 1:
        return cs.Constant(name, values[0])
    whole = find_range(decision)
    if whole is not None and whole.step == 1:
        return cs.UniformIntegerHyperparameter(name, values[0], values[-1], log=decision.log)
    if len(values) > _LONGEST_LIST:
        raise InvalidOption(
            f"'{name}' has {len(values):,} values, and ConfigSpace has no steps: leave the step out, or list at most "
            f"{_LONGEST_LIST:,} values"
        )
    make = cs.CategoricalHyperparameter if decision.kind == "categorical" else cs.OrdinalHyperparameter
    return make(name, list_distinct(decision))


def _round_inwards(low: float, high: float) -> tuple[float, float]:
    """Round bounds to the decimals of ConfigSpace, up and down."""
    step = 10.0**-_DECIMALS
    first, last = round(low, _DECIMALS), round(high, _DECIMALS)
    return (first + step if first < low else first), (last - step if last > high else last)


def read_configspace(space: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the declaration of a ``ConfigurationSpace``: decisions and conditions.

    Raises:
        InvalidOption: the space has a part that a table cannot hold; the message names it.
    """
    cs = _import_configspace()
    if list(space.forbidden_clauses):
        raise InvalidOption(f"the ConfigSpace forbids {space.forbidden_clauses[0]}; only conditions are supported")
    decisions = {own.name: _write_declaration(cs, own) for own in space.values()}
    return decisions, [_read_condition(cs, condition) for condition in space.conditions]


def _write_declaration(cs: Any, own: Any) -> dict[str, Any]:
    if isinstance(own, cs.Constant):
        return {"categorical": [_convert_scalar(own.value)]}
    if isinstance(own, cs.CategoricalHyperparameter):
        return {"categorical": [_convert_scalar(value) for value in own.choices]}
    if isinstance(own, cs.OrdinalHyperparameter):
        return {"ordinal": [_convert_scalar(value) for value in own.sequence]}
    if isinstance(own, cs.hyperparameters.IntegerHyperparameter):
        return declare_integer(own.lower, own.upper, log=own.log)
    if isinstance(own, cs.hyperparameters.FloatHyperparameter):
        return declare_real(own.lower, own.upper, log=own.log)
    raise InvalidOption(f"'{own.name}' is a {type(own).__name__}, which a space of named decisions cannot hold")


def _read_condition(cs: Any, condition: Any) -> dict[str, Any]:
    values = [_convert_scalar(value) for value in _list_condition_values(cs, condition)]
    return {"decision": condition.child.name, "when": condition.parent.name, "is": values}


def _list_condition_values(cs: Any, condition: Any) -> list[Any]:
    """Return the values of the parent for which a condition holds.

    Raises:
        InvalidOption: the condition depends on several decisions, or on the range of a real number.
    """
    if isinstance(condition, cs.InCondition):
        return list(condition.values)
    if isinstance(condition, cs.EqualsCondition):
        return [condition.value]
    compared = (cs.NotEqualsCondition, cs.GreaterThanCondition, cs.LessThanCondition)
    if not isinstance(condition, compared):
        raise InvalidOption(
            f"condition '{condition}' is a {type(condition).__name__}; a decision may depend on one other decision"
        )
    values = _list_values(cs, condition.parent)
    if values is None:
        raise InvalidOption(f"condition '{condition}' compares '{condition.parent.name}', whose values are not a list")
    at = values.index(condition.value)
    if isinstance(condition, cs.NotEqualsCondition):
        return values[:at] + values[at + 1 :]
    return values[at + 1 :] if isinstance(condition, cs.GreaterThanCondition) else values[:at]


def _list_values(cs: Any, own: Any) -> list[Any] | None:
    """Return the values of a hyperparameter in order; None if they cannot be listed."""
    if isinstance(own, cs.CategoricalHyperparameter):
        return list(own.choices)
    if isinstance(own, cs.OrdinalHyperparameter):
        return list(own.sequence)
    if isinstance(own, cs.hyperparameters.IntegerHyperparameter) and own.upper - own.lower < _LONGEST_LIST:
        return list(range(int(own.lower), int(own.upper) + 1))
    return None


def _convert_scalar(value: Any) -> Any:
    """Convert a numpy scalar to a plain Python value."""
    return value.item() if hasattr(value, "item") else value
