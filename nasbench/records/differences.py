"""Compare what two records say about a task, and find the first difference."""

from typing import Any

from nasbench.tasks.recorded import differing

_LONGEST = 60


def without_places(entry: Any) -> Any:
    """Return a record's entry on a task or source without the places of its files, which may change."""
    return {key: value for key, value in entry.items() if key != "places"} if isinstance(entry, dict) else entry


def same(entry: Any, other: Any) -> bool:
    """Whether two entries on a task or source are equal, including the order of its decisions."""
    if without_places(entry) != without_places(other):
        return False
    return "declaration" not in entry or not differing(entry["declaration"], other["declaration"])


def difference(there: Any, here: Any, *, of: tuple[str, str] = ("then", "now")) -> str:
    """Describe the first difference between two pieces of nested plain data: the key and both values."""
    path: list[str] = []
    a, b = without_places(there), without_places(here)
    while isinstance(a, dict) and isinstance(b, dict):
        key = next((key for key in {**a, **b} if a.get(key) != b.get(key)), None)
        if key is None:
            return "the order of its decisions"
        path, a, b = [*path, str(key)], a.get(key), b.get(key)
    return f"{'.'.join(path) or 'it'} = {_short(a)} {of[0]}, {_short(b)} {of[1]}"


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
