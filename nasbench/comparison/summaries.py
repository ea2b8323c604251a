"""Numbers that summarise metrics: over the runs of a task, and over all tasks, with their intervals.

The summary of a metric over runs on one task has a mean, a standard deviation, and an interquartile mean with its
interval over runs. The summary over all tasks weighs families of tasks alike, and its interval is over tasks like
these. Every call computes all strategies together: the resamples of a bootstrap are the same for all of them.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nasbench.arrays import Bools, Floats
from nasbench.comparison.analysis import Analysis, TaskAnalysis
from nasbench.metrics import Metric
from nasbench.statistics.intervals import compute_iqm_intervals, compute_overall_iqm
from nasbench.statistics.survival import estimate_survival, find_median
from nasbench.units import UNITS

Summary = dict[str, float]

_OVER_RUNS = ("mean", "std", "iqm", "low", "high")
_OVER_TASKS = ("mean", "std_within", "std_between", "iqm", "low", "high")
_UNBOUNDED = (-math.inf, math.inf)


def summarize_task(task: TaskAnalysis, metrics: Mapping[str, Metric]) -> list[dict[str, Any]]:
    """Summarise all that was measured on a task, over the runs of each strategy.

    Args:
        task: analysis of the task.
        metrics: name -> metric.

    Returns:
        For each strategy, ``metrics``, ``final`` and ``usage``: the summaries of metrics, of the reported scores of the
        final incumbent by split, and of what the strategy used, by name.
    """
    parts = {
        "metrics": {
            name: _summarize_censored_runs(task, name)
            if name in task.censored
            else _summarize_runs(task.metrics[name], task.failed, metric.bounds)
            for name, metric in metrics.items()
        },
        "final": {
            split: _summarize_runs(values, task.failed, UNITS[task.scales[split].unit])
            for split, values in task.final.items()
        },
        "usage": {name: _summarize_runs(used, task.failed, _UNBOUNDED) for name, used in task.usage.items()},
    }
    return [
        {part: {name: own[i] for name, own in summaries.items()} for part, summaries in parts.items()}
        for i in range(len(task.failed))
    ]


def _summarize_runs(values: Floats, failed: Bools, bounds: tuple[float, float]) -> list[Summary]:
    """Summarise values [strategies, runs] over the runs that have one."""
    known = ~np.isnan(values)
    if known.all() and values.shape[1]:
        return _summarize_rows(values, failed, bounds)
    return [
        _summarize_rows(own[None, k], out[None, k], bounds)[0] if k.any() else {"n": 0, **_leave_unknown(_OVER_RUNS)}
        for own, out, k in zip(values, failed, known, strict=True)
    ]


def _summarize_rows(values: Floats, failed: Bools, bounds: tuple[float, float]) -> list[Summary]:
    """Summarise values [rows, n] that are all known."""
    n = values.shape[1]
    std = values.std(axis=1, ddof=1) if n > 1 else np.full(len(values), np.nan)
    columns = (values.mean(axis=1), std, *compute_iqm_intervals(values, failed, bounds))
    return [{"n": n, **dict(zip(_OVER_RUNS, row, strict=True))} for row in np.transpose(columns).tolist()]


def _leave_unknown(keys: tuple[str, ...]) -> Summary:
    return dict.fromkeys(keys, math.nan)


def _summarize_censored_runs(task: TaskAnalysis, name: str) -> list[Summary]:
    """Summarise a metric that censors, for each strategy."""
    restricted = task.summarize(name).tolist()
    horizon = task.find_horizon(name)
    summaries = []
    for values, censored, mean in zip(task.metrics[name], task.censored[name], restricted, strict=True):
        known = ~np.isnan(values)
        summaries.append(
            _summarize_times(values[known], censored[known]) | {"restricted_mean": mean, "horizon": horizon}
        )
    return summaries


def _summarize_times(values: Floats, censored: Bools) -> Summary:
    """Return how many runs reached it, the median time with its interval, and until when a run was followed.

    A bound that was not reached is infinite, null in JSON: then all that is known is that it exceeds ``followed``.
    """
    curve = estimate_survival(values, censored)
    median = find_median(curve)
    return {
        "n": len(values),
        "n_reached": int((~censored).sum()),
        "median": median.value,
        "low": median.low,
        "high": median.high,
        "followed": curve.end,
    }


def summarize_over_tasks(analysis: Analysis, name: str) -> list[Summary]:
    """Summarise a metric over all ranked tasks, for each ranked strategy.

    Returns:
        ``average_rank`` by this metric; if values on different tasks may be averaged, also the mean, the standard
        deviation of runs within tasks (``std_within``) and of the tasks' means (``std_between``), and the interquartile
        mean with its interval over tasks like these.
    """
    weights, metric = analysis.sample.weights, analysis.metrics[name]
    ranked = weights @ np.stack([task.rank_by(name) for task in analysis.tasks])
    summaries: list[Summary] = [{"average_rank": rank} for rank in ranked.tolist()]
    if not metric.comparable:
        return summaries
    values = np.stack([task.metrics[name] for task in analysis.tasks])
    failed = np.stack([task.failed for task in analysis.tasks])
    known = ~np.isnan(values)
    n = known.sum(axis=2)
    means = values.sum(axis=2, where=known) / np.where(n > 0, n, np.nan)
    variances = ((values - means[..., None]) ** 2).sum(axis=2, where=known) / np.where(n > 1, n - 1, np.nan)
    spread = ((means - weights @ means) ** 2 * weights[:, None]).sum(axis=0)
    freedom = 1 - (weights**2).sum()  # as n / (n - 1) where all tasks weigh alike
    between = np.sqrt(spread / freedom) if len(weights) > 1 else np.full(len(spread), np.nan)
    columns = (
        weights @ means,
        np.sqrt(weights @ variances),
        between,
        *compute_overall_iqm(values, failed, analysis.sample, metric.bounds),
    )
    rows = np.transpose(columns).tolist()
    return [own | dict(zip(_OVER_TASKS, row, strict=True)) for own, row in zip(summaries, rows, strict=True)]


def make_unknown_summary() -> Summary:
    """Return the summary over tasks of a strategy that is not ranked."""
    return {"average_rank": math.nan, **_leave_unknown(_OVER_TASKS)}
