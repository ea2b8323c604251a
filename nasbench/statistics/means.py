"""Means over runs whose data all contestants share, and over tasks, with intervals.

In the same run all contestants have the same data, so their runs are averaged and resampled together.
"""

import numpy as np
from scipy import stats

from nasbench.arrays import Floats
from nasbench.statistics.intervals import CONFIDENCE, N_RESAMPLES
from nasbench.statistics.sampling import TaskSample


def select_defined_runs(values: Floats) -> Floats:
    """Return the runs [contestants, n] that are defined for all contestants, of values [contestants, runs]."""
    return values[:, ~np.isnan(values).any(axis=0)]


def resample_means(values: Floats, rng: np.random.Generator) -> Floats:
    """Compute the means of bootstrap resamples of the runs, the same runs for all contestants.

    A resample of n runs varies less than n runs do. So its distance from the mean is stretched by sqrt(n / (n - 1)).

    Args:
        values: [contestants, runs], all defined.
        rng: random generator of the resamples.

    Returns:
        ``[contestants, N_RESAMPLES]``; nan for fewer than two runs.
    """
    n = values.shape[1]
    if n < 2:
        return np.full((len(values), N_RESAMPLES), np.nan)
    center = values.mean(axis=1, keepdims=True)
    shares = rng.multinomial(n, np.full(n, 1 / n), size=N_RESAMPLES) / n
    stretched: Floats = center + np.sqrt(n / (n - 1)) * ((values - center) @ shares.T)
    return stretched.astype(np.float32).astype(np.float64)  # rounded: equal runs tie, however their sum was rounded


def compute_overall_mean(
    values: Floats, sample: TaskSample, bounds: tuple[float, float]
) -> tuple[Floats, Floats, Floats]:
    """Compute the mean over tasks, with its interval by Student's t over tasks like these.

    All families of tasks weigh alike, and so do the tasks of a family.

    Args:
        values: [tasks, rows] number of each task.
        sample: of which tasks are a sample.
        bounds: smallest and largest possible value, which intervals do not leave.

    Returns:
        Value, lower and upper bound, ``[rows]`` each; the bounds are nan with too few tasks, and where all tasks have
        the same number; all are nan without tasks.
    """
    center: Floats = sample.weights @ values if len(values) else np.full(values.shape[1], np.nan)
    if not sample.is_enough:
        return center, np.full_like(center, np.nan), np.full_like(center, np.nan)
    weights, blocks = sample.block_weights, sample.average_blocks(values)
    error = np.sqrt(weights**2 @ (blocks - center) ** 2 / (1 - (weights**2).sum()))
    error[np.ptp(blocks, axis=0) == 0] = np.nan  # unknown, and not 0
    half = stats.t.ppf(0.5 + CONFIDENCE / 2, sample.n_effective - 1) * error
    return center, np.clip(center - half, *bounds), np.clip(center + half, *bounds)
