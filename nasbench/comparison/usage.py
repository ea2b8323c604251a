"""What a strategy says that it used: tokens, calls of a model, or anything else that adds up."""

import math
import re
from collections.abc import Mapping
from numbers import Real
from typing import Any

_NAME = re.compile(r"\w[\w .+-]{0,39}")


def read_usage(strategy: Any) -> dict[str, float]:
    """Return the attribute ``usage`` of a strategy, name -> total so far; empty without one.

    Usage never makes a run fail: names that cannot head a column, and values that are not finite numbers, are left
    out.
    """
    try:
        usage = getattr(strategy, "usage", None)
        items = [*usage.items()] if isinstance(usage, Mapping) else []
    except Exception:  # a property of a user's class may raise anything, and the search is over
        return {}
    return {
        name: float(total)
        for name, total in items
        if isinstance(name, str) and _NAME.fullmatch(name) and isinstance(total, Real) and math.isfinite(total)
    }
