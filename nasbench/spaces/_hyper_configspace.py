"""Convert hyperparameter spaces to and from ConfigSpace (Lindauer et al. 2019, arXiv 1908.06756)."""

from collections.abc import Sequence
from typing import Any

from nasbench.errors import InvalidOption, MissingExtra
from nasbench.spaces._hyper_declared import MOST_CHOICES, Decision


def _import_configspace() -> Any:
    try:
        import ConfigSpace
    except ImportError:
        raise MissingExtra("ConfigSpace", "configspace") from None
    return ConfigSpace


def build_configspace(decisions: Sequence[Decision], name: str) -> Any:
    """Return a ``ConfigurationSpace`` with the same decisions and conditions."""
    cs = _import_configspace()
    space = cs.ConfigurationSpace(name=name)
    made = [_build_hyperparameter(cs, decision) for decision in decisions]
    space.add(made)
    for own, decision in zip(made, decisions, strict=True):
        if decision.parent >= 0:
            values = [decisions[decision.parent].values[digit] for digit in sorted(decision.active_at)]
            space.add(cs.InCondition(own, made[decision.parent], values))
    return space


def _build_hyperparameter(cs: Any, decision: Decision) -> Any:
    values = decision.values
    if len(values) == 1:
        return cs.Constant(decision.name, values[0])
    if decision.kind == "categorical":
        return cs.CategoricalHyperparameter(decision.name, values)
    if decision.kind == "integer" and values == tuple(range(int(values[0]), int(values[-1]) + 1)):
        return cs.UniformIntegerHyperparameter(decision.name, values[0], values[-1])
    return cs.OrdinalHyperparameter(decision.name, values)


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
        if own.upper - own.lower >= MOST_CHOICES:
            raise InvalidOption(
                f"'{own.name}' has {own.upper - own.lower + 1} values; at most {MOST_CHOICES}: make it an ordinal"
            )
        return {"integer": [int(own.lower), int(own.upper)]}
    raise InvalidOption(f"'{own.name}' is a {type(own).__name__}; a table needs a list of values: make it an ordinal")


def _read_condition(cs: Any, condition: Any) -> dict[str, Any]:
    if isinstance(condition, cs.InCondition):
        values = list(condition.values)
    elif isinstance(condition, cs.EqualsCondition):
        values = [condition.value]
    else:
        raise InvalidOption(f"condition '{condition}' is a {type(condition).__name__}; only == and in are supported")
    return {
        "decision": condition.child.name,
        "when": condition.parent.name,
        "is": [_convert_scalar(value) for value in values],
    }


def _convert_scalar(value: Any) -> Any:
    """Convert a numpy scalar to a plain Python value."""
    return value.item() if hasattr(value, "item") else value
