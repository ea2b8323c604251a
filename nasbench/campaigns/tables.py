"""Architectures as tables: one column for each decision, and the text of the whole."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nasbench.arrays import Archs
from nasbench.campaigns.settings import ARCHITECTURE
from nasbench.spaces import SearchSpace

if TYPE_CHECKING:
    import pandas as pd


def list_decisions(space: SearchSpace, archs: Archs) -> list[dict[str, Any]]:
    """Return the value of each active decision of architectures [n, d]; empty where a space has no named values."""
    declared = getattr(space, "declared", None)
    if declared is None or not len(archs):
        return [{} for _ in archs]
    readers = {item.name: _make_reader(item) for item in declared}
    rows = []
    for text in space.format(archs):
        pairs = (pair.partition("=") for pair in text.split(","))
        rows.append({name: readers[name](value) for name, _, value in pairs})
    return rows


def _make_reader(item: Any) -> Callable[[str], Any]:
    """Return a function from the text of a decision's value to the value as it was declared."""
    if item.kind in ("real", "integer"):
        return float if item.kind == "real" else int
    values: dict[str, Any] = dict(zip(item.texts, item.values, strict=True))
    return values.__getitem__


def make_frame(
    space: SearchSpace, archs: Archs, before: dict[str, Sequence[Any]], after: dict[str, Sequence[Any]]
) -> "pd.DataFrame":
    """Return a data frame: columns ``before``, the decisions, columns ``after``, and the architecture as text.

    Decisions are columns in spaces whose decisions have named values. A decision that is inactive is None.
    """
    import pandas as pd

    rows = list_decisions(space, archs)
    decisions = space.decisions if hasattr(space, "declared") else ()
    columns: dict[str, Any] = dict(before)
    for name in decisions:
        columns[name] = pd.Series([row.get(name) for row in rows], dtype=object).infer_objects()
    return pd.DataFrame(columns | after | {ARCHITECTURE: space.format(archs) if len(archs) else []})
