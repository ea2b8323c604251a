"""A search space as plain data, for a process that knows nothing of the suite."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nasbench.spaces import Coded, EnumeratedSpace, SearchSpace

_N_EXAMPLES = 3
_MOST_LISTED = 50_000  # architectures that are listed one by one


def describe_space(space: SearchSpace, rng: np.random.Generator) -> dict[str, Any]:
    """Return what a process has to know to name architectures of a space.

    Args:
        space: the space.
        rng: draws the examples; known ones would tell the true names in a space that hides them.

    Returns:
        ``name``; ``size``, the number of architectures, None where it is infinite or unknown; ``decisions``, each with
        ``name``, ``kind``, its ``values`` or its ``range``, and ``when`` if it is only active under a condition;
        ``examples``, a few architectures as text; and ``architectures``, all of them as texts, if they are few and not
        every combination of values is one.
    """
    examples = space.format(space.sample(_N_EXAMPLES, rng))
    described = {
        "name": space.name,
        "size": int(space.size) if np.isfinite(space.size) else None,
        "decisions": _describe_decisions(space),
        "examples": list(dict.fromkeys(examples)),
    }
    if isinstance(space, EnumeratedSpace) and space.size <= min(_MOST_LISTED, _count_combinations(space) - 1):
        described["architectures"] = space.format(space.rows)
    return described


def _count_combinations(space: SearchSpace) -> float:
    """Return the number of combinations of values, rounded; infinite where a decision is a real number."""
    return float(np.prod(np.where(space.cardinality > 0, space.cardinality, np.inf)))


def takes_values(space: SearchSpace) -> bool:
    """Whether a space reads dictionaries of values itself: those whose decisions a task declares."""
    return "decisions" in space.code_options


def _describe_decisions(space: SearchSpace) -> list[dict[str, Any]]:
    declared: Mapping[str, Any] = space.code_options if takes_values(space) else {"decisions": {}}
    declared_among = {item["decision"]: list(item["is"]) for item in declared.get("conditions", ())}
    described = []
    for coded, ordered in zip(space.coding, space.ordered.tolist(), strict=True):
        plain = {"ordinal" if ordered else "categorical": list(coded.texts)}
        one = {"name": coded.decision, **_describe_choices(declared["decisions"].get(coded.decision, plain), coded)}
        if coded.when:
            one["when"] = {"decision": coded.when, "is": declared_among.get(coded.decision, list(coded.among))}
        described.append(one)
    return described


def _describe_choices(declared: Mapping[str, Any], coded: Coded) -> dict[str, Any]:
    """Return the kind of a decision, with its values if they are listed, else with its range and scale."""
    kind = next(kind for kind in ("categorical", "ordinal", "integer", "real") if kind in declared)
    if kind in ("categorical", "ordinal"):
        return {"kind": kind, "values": list(declared[kind])}
    if kind == "integer" and all(text.lstrip("-").isdigit() for text in coded.texts):
        return {"kind": kind, "values": list(map(int, coded.texts))}
    scale = {"step": declared.get("step", 1)} if kind == "integer" else {}
    return {"kind": kind, "range": list(declared[kind]), "log": declared.get("log", False), **scale}
