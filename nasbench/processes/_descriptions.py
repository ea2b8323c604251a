"""A search space as plain data, in the words of a task's declaration, for a process that knows nothing of the suite."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nasbench.spaces import MeasuredSpace, SearchSpace

_N_EXAMPLES = 3
_MOST_LISTED = 50_000  # architectures of a restricted space that are listed one by one


def describe_space(space: SearchSpace) -> dict[str, Any]:
    """Return what a process has to know to name architectures of a space.

    Returns:
        ``name``; ``size``, the number of architectures, None where it is infinite or unknown; ``decisions``, each with
        its name, its values or range as a task declares them, and ``when`` for one that is only active under a
        condition; ``examples``, a few architectures as text; and ``architectures``, all of them as texts, if only some
        architectures of a space can be trained.
    """
    examples = space.format(space.sample(_N_EXAMPLES, np.random.default_rng(0)))
    described = {
        "name": space.name,
        "size": int(space.size) if np.isfinite(space.size) else None,
        "decisions": _describe_decisions(space),
        "examples": list(dict.fromkeys(examples)),
    }
    if isinstance(space, MeasuredSpace) and len(space.rows) <= _MOST_LISTED:
        described["architectures"] = space.format(space.rows)
    return described


def takes_values(space: SearchSpace) -> bool:
    """Whether a space reads dictionaries of values itself: those whose decisions a task declares."""
    return "decisions" in space.code_options


def _describe_decisions(space: SearchSpace) -> list[dict[str, Any]]:
    if not takes_values(space):
        kinds = ["ordinal" if ordered else "categorical" for ordered in space.ordered.tolist()]
        return [
            {"name": coded.decision, kind: list(coded.texts)} for coded, kind in zip(space.coding, kinds, strict=True)
        ]
    declared: Mapping[str, Any] = space.code_options
    conditions = {
        item["decision"]: {"when": {"decision": item["when"], "is": list(item["is"])}}
        for item in declared.get("conditions", ())
    }
    return [{"name": name, **item, **conditions.get(name, {})} for name, item in declared["decisions"].items()]
