"""Convert hyperparameter spaces to and from Optuna (Akiba et al. 2019, arXiv 1907.10902).

Optuna has no search spaces: a program suggests one parameter after the other. So a space becomes a function that
suggests its active decisions, and the distributions of trials become a space.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nasbench.arrays import Archs
from nasbench.errors import InvalidOption
from nasbench.spaces._hyper_declared import Decision, Value, find_range, list_distinct
from nasbench.spaces._hyper_inferred import DeclaredSpace, complete_space, declare_integer, declare_real

Suggest = Callable[[Any], Archs]
"""Takes a trial of Optuna, suggests what is active, and returns the architecture, ``[1, d]``."""

_CATEGORICAL = "CategoricalDistribution"


def build_suggest(
    decisions: Sequence[Decision], order: Sequence[int], read: Callable[[dict[str, Value]], Archs]
) -> Suggest:
    """Return a function that suggests a configuration.

    Args:
        decisions: the declared decisions.
        order: their positions, each after the decision that it depends on.
        read: makes an architecture of the values by name.
    """

    def suggest(trial: Any) -> Archs:
        chosen: dict[int, Value] = {}
        for at in order:
            parent = decisions[at].parent
            if parent < 0 or (parent in chosen and _find_digit(decisions[parent], chosen[parent]) in active[at]):
                chosen[at] = _suggest_value(trial, decisions[at])
        return read({decisions[at].name: value for at, value in chosen.items()})

    active = [decision.active_at for decision in decisions]
    return suggest


def _find_digit(item: Decision, value: Value) -> int:
    return list_distinct(item).index(value) if item.kind in ("categorical", "ordinal") else item.values.index(value)


def _suggest_value(trial: Any, item: Decision) -> Value:
    value: Value
    if item.kind == "real":
        value = trial.suggest_float(item.name, item.low, item.high, log=item.log)
    elif (whole := find_range(item)) is not None:
        value = trial.suggest_int(item.name, whole[0], whole[-1], step=whole.step, log=item.log)
    else:
        value = trial.suggest_categorical(item.name, list_distinct(item))
    return value


def read_optuna(source: Any) -> DeclaredSpace:
    """Return the declaration of a study, of trials, or of distributions by name.

    Raises:
        InvalidOption: the source is something else, or its distributions contradict each other.
    """
    if isinstance(source, Mapping):
        named = declare_distributions([_write_distributions(source)])
        return complete_space(DeclaredSpace(named, [], []), [])[0]
    given = getattr(source, "trials", source)
    given = [given] if hasattr(given, "distributions") else given
    trials = list(given) if isinstance(given, Iterable) else [given]
    if not all(hasattr(own, "distributions") for own in trials):
        raise InvalidOption(f"{source!r}; expected a study of Optuna, its trials, or distributions by name")
    ended = [own for own in trials if own.state.name in ("COMPLETE", "PRUNED")]
    domains = [_write_distributions(own.distributions) for own in ended]
    if not any(domains):
        raise InvalidOption(
            f"none of {len(trials)} trials of Optuna has ended with parameters: there is no space to read"
        )
    declared = DeclaredSpace(declare_distributions(domains), [], [])
    return complete_space(declared, [dict(own.params) for own in ended])[0]


def _write_distributions(distributions: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return distributions as a storage holds them: their names and attributes."""
    for name, own in distributions.items():
        if not hasattr(own, "_asdict"):
            raise InvalidOption(f"'{name}' is {own!r}; expected a distribution of Optuna")
    return {name: {"name": type(own).__name__, "attributes": own._asdict()} for name, own in distributions.items()}


def declare_distributions(domains: Iterable[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Declare the parameters of trials; a range that changed between trials covers all of its bounds.

    Args:
        domains: for each trial, name -> distribution with ``name`` and ``attributes``, as Optuna stores them.

    Raises:
        InvalidOption: a parameter has distributions of several kinds.
    """
    gathered: dict[str, list[Mapping[str, Any]]] = {}
    for own in domains:
        for name, domain in own.items():
            if domain not in gathered.setdefault(name, []):
                gathered[name].append(domain)
    return {name: _declare(name, own) for name, own in gathered.items()}


def _declare(name: str, domains: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Declare a parameter; the distributions before Optuna 3 have other names."""
    kinds = {domain["name"] for domain in domains}
    about = [domain["attributes"] for domain in domains]
    if kinds == {_CATEGORICAL}:
        return {"categorical": list({repr(choice): choice for own in about for choice in own["choices"]}.values())}
    whole = {kind.startswith("Int") for kind in kinds}
    if _CATEGORICAL in kinds or len(whole) > 1:
        raise InvalidOption(f"parameter '{name}' has distributions {', '.join(sorted(kinds))}; expected one kind")
    low, high = min(own["low"] for own in about), max(own["high"] for own in about)
    log = any("Log" in domain["name"] or domain["attributes"].get("log") for domain in domains)
    step = about[0].get("step") or about[0].get("q")
    if whole == {True}:
        return declare_integer(low, high, log=log, step=step or 1)
    return declare_real(low, high, log=log, step=step)
