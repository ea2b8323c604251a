"""Shares of runs over several tasks, with intervals over runs.

The interval of a share of n runs is that of Clopper & Pearson 1934 (Biometrika 26). Where families of tasks weigh
alike, runs of tasks of smaller families count for more, and the interval is that of an effective number of runs (Korn &
Graubard 1998, Survey Methodology 24). It says what other seeds would give on these tasks: the tasks are fixed.
"""

import numpy as np
from scipy import special

from nasbench.arrays import Floats
from nasbench.statistics.intervals import CONFIDENCE, LEAST_RUNS
from nasbench.statistics.sampling import TaskSample


def compute_share_intervals(shares: Floats, n_runs: int, sample: TaskSample) -> tuple[Floats, Floats, Floats]:
    """Compute the share of the runs of all tasks with pointwise intervals over runs on these tasks.

    Args:
        shares: [tasks, ...] share of the runs on each task.
        n_runs: number of runs on each task.
        sample: of which the tasks are a sample, for their weights.

    Returns:
        Share, lower and upper bound, ``[...]`` each; the bounds are nan for fewer than ``LEAST_RUNS`` runs.
    """
    center: Floats = np.tensordot(sample.weights, shares, axes=1).clip(0.0, 1.0)
    if n_runs < LEAST_RUNS:
        return center, np.full_like(center, np.nan), np.full_like(center, np.nan)
    effective = _count_effective_runs(shares, n_runs, sample)
    low, high = compute_exact_bounds(effective * center, effective * (1 - center))
    return center, low, high


def compute_exact_bounds(reached: Floats, missed: Floats) -> tuple[Floats, Floats]:
    """Compute Clopper's and Pearson's bounds of a share from the numbers of runs that reached it, and that did not."""
    tail = (1 - CONFIDENCE) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(reached > 0, special.betaincinv(reached, missed + 1, tail), 0.0)
        high = np.where(missed > 0, special.betaincinv(reached + 1, missed, 1 - tail), 1.0)
    return low, high


def _count_effective_runs(shares: Floats, n_runs: int, sample: TaskSample) -> Floats:
    """Return how many runs of a single task would vary as much as the weighted mean of the tasks' shares."""
    smoothed = (n_runs * shares + 1) / (n_runs + 2)  # a task with no such run, or all, still has a variance
    variance = np.tensordot(sample.weights**2, smoothed * (1 - smoothed) / n_runs, axes=1)
    mean = np.tensordot(sample.weights, smoothed, axes=1)
    counted: Floats = np.minimum(mean * (1 - mean) / variance, n_runs / (sample.weights**2).sum())
    return counted
