"""Architectures as tables: one column for each decision, and the text of the whole."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nasbench.arrays import Archs
from nasbench.campaigns.settings import ARCHITECTURE
from nasbench.spaces import MeasuredSpace, SearchSpace

if TYPE_CHECKING:
    import pandas as pd


def list_decisions(space: SearchSpace, archs: Archs) -> list[dict[str, Any]]:
    """Return the value of each active decision of architectures [n, d]; empty where a space has no named values."""
    plain = space.inner if isinstance(space, MeasuredSpace) else space
    declared = getattr(plain, "declared", None)
    if declared is None:
        return [{} for _ in archs]
    values = {item.name: dict(zip(item.texts, item.values, strict=True)) for item in declared}
    rows = []
    for text in space.format(archs):
        pairs = (pair.partition("=") for pair in text.split(","))
        rows.append({name: _get_value(values[name], value) for name, _, value in pairs})
    return rows


def _get_value(values: dict[str, Any], text: str) -> Any:
    """Return the listed value of a text, or the number that it is."""
    return values[text] if text in values else float(text)


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
