"""What the leaderboards of searches and of predictors say alike: tests over tasks, tiers, and pairs of contestants."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nasbench.arrays import Floats
from nasbench.reports.tables import as_p
from nasbench.statistics.over_tasks import OverTasks, estimate_more_blocks
from nasbench.statistics.ranking import ALPHA
from nasbench.statistics.sampling import TaskSample

TEST_NAMES = {
    "nemenyi": "Nemenyi's test",
    "max_t": "max-T by sign flips (approximate where differences between tasks are skewed)",
}
"""Tests over tasks, as notes call them."""

_MOST_MORE = 100  # tasks: larger estimates say only that it would take many
_Row = dict[str, Any]


def list_pairs_over_tasks(over: OverTasks, kind: str, names: list[str], where: Mapping[str, Any]) -> list[_Row]:
    """Return a row for each pair of contestants, with the p-values of all tests over tasks.

    Args:
        over: what the tests say.
        kind: ``strategy`` or ``predictor``, the key of the first contestant; that of the second is ``rival``.
        names: of the contestants.
        where: further values of each row, which come first.
    """
    columns = {
        "rank_difference": over.average[:, None] - over.average,
        "p_nemenyi": over.nemenyi.p,
        "p_max_t": over.max_t.p,
        "p_sign_flip": over.unadjusted,
        "more_nemenyi": estimate_more_blocks(over.nemenyi, over.sample),
        "more_max_t": estimate_more_blocks(over.max_t, over.sample),
    }
    return list_pairs(columns, kind, names, where)


def list_pairs(columns: Mapping[str, Floats], kind: str, names: list[str], where: Mapping[str, Any]) -> list[_Row]:
    """Return a row for each pair of contestants, with the values of columns [contestants, contestants]."""
    i, j = np.triu_indices(len(names), k=1)
    values = {name: own[i, j].tolist() for name, own in columns.items()}
    return [
        {**where, kind: names[a], "rival": names[b], **{name: own[k] for name, own in values.items()}}
        for k, (a, b) in enumerate(zip(i.tolist(), j.tolist(), strict=True))
    ]


def format_more(more: float | None) -> str:
    """Format how many more tasks would separate a contestant from the best; None for the best itself."""
    if not more or math.isnan(more):  # 0 for one that is separated already, nan where all tie on every task
        return "-"
    return f"about {more:.0f}" if more <= _MOST_MORE else f">{_MOST_MORE}"


def format_failed(rows: list[_Row], n: int) -> dict[str, str]:
    """Return the column with the number of failed runs; no column if no run failed."""
    return {"failed": str(n)} if any(row["failed"] for row in rows) else {}


def compare_p(p: float) -> str:
    """Return such as ``= 0.013``, ``<0.001``, to follow ``p``."""
    text = as_p(p)
    return text if text.startswith("<") else f"= {text}"


def note_alike(sample: TaskSample) -> str:
    """Return that families weigh alike, to end a note; empty if that says nothing."""
    return "; families weigh alike" if 1 < sample.n_families < sample.n_tasks else ""


def explain_no_p(over: OverTasks, test: str, contestants: str) -> str:
    """Explain that a test over tasks could separate nothing, whatever the results."""
    return (
        f"with {len(over.average)} {contestants} on {over.sample.describe()}, {TEST_NAMES[test]} can give no p below "
        f"{ALPHA:g}, whatever the results"
    )


def explain_tiers(unit: str, contestant: str) -> list[str]:
    """Explain the columns of tiers and of more tasks needed.

    Args:
        unit: what is sampled, ``tasks`` or ``families``.
        contestant: ``strategy`` or ``predictor``.
    """
    return [
        f"tier 1: the best average rank and all that are not significantly worse (p > {ALPHA:g}), which does not show "
        "that they are equal; tier 2: the same among the others, and so on",
        f"more {unit} needed: about how many more {unit} like these would separate a {contestant} from the best, if "
        "their difference stayed the same; '-' where it is separated",
    ]
