"""Whether two records say the same of a task, and the first thing in which they do not."""

from typing import Any

from nasbench.tasks.recorded import differing

_LONGEST = 60


def without_places(entry: Any) -> Any:
    """Return what a record says of a task or source, but where its files lay: that may change."""
    return {key: value for key, value in entry.items() if key != "places"} if isinstance(entry, dict) else entry


def same(entry: Any, other: Any) -> bool:
    """Whether two records say the same of a task or source, in the order of its decisions too."""
    if without_places(entry) != without_places(other):
        return False
    return "declaration" not in entry or not differing(entry["declaration"], other["declaration"])


def difference(there: Any, here: Any, *, of: tuple[str, str] = ("then", "now")) -> str:
    """Name the first key in which two pieces of plain data differ, however deep, and what it is in each."""
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
