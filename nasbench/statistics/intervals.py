"""Interquartile means and means, with bootstrap intervals that cover.

Interquartile means and their stratified bootstrap follow Agarwal et al. 2021 (arXiv 2108.13264). Two things differ.
The percentiles are expanded for small samples (Hesterberg 2015, arXiv 1411.5279): plain percentiles of ten runs cover
92 to 95 % where 95 % are promised. And a failed run is never trimmed: trimming keeps luck from deciding, but a failure
is a fault of the contestant, and up to a quarter of all runs could fail unseen.

The interval of a task is over runs: it says what other seeds would give on this task. The interval over all tasks is a
hierarchical bootstrap, of tasks and then of their runs: it says what other tasks of the same kind would give.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats

from nasbench.arrays import Bools, Floats, Ints
from nasbench.statistics.sampling import TaskSample

CONFIDENCE = 0.95
LEAST_RUNS = 10
"""Fewest runs with an interval or a test over runs: with three to five, a 95 % bootstrap interval covers 63 to 91 %."""

N_RESAMPLES = 1000
TRIMMED = 0.25
"""Share of the runs that an interquartile mean leaves out at each end."""

_SEED = 20200117  # fixed: the same record always prints the same interval


class Interval(NamedTuple):
    """An estimate with its interval; the bounds are nan where there are too few runs."""

    value: float
    low: float
    high: float


def expand_levels(n: float) -> tuple[float, float]:
    """Return the two percentiles, in [0, 1], that give a bootstrap of ``n`` observations the width of Student's t."""
    level = stats.norm.cdf(stats.t.ppf(0.5 - CONFIDENCE / 2, n - 1) * np.sqrt(n / (n - 1)))
    return float(level), float(1 - level)


def compute_iqm(values: Floats, failed: Bools | None = None) -> Floats:
    """Compute the mean of the middle half of the runs; failed runs are not trimmed, but count with their share.

    Args:
        values: [..., n] value of each run.
        failed: [..., n] whether the run failed.

    Returns:
        ``[...]``
    """
    if failed is None or not failed.any():
        cut = int(TRIMMED * values.shape[-1])
        # sorted, since the order of the terms decides the last bit of a sum: equal runs have equal means
        ordered = np.sort(values, axis=-1)[..., cut : values.shape[-1] - cut]
        result: Floats = ordered.mean(axis=-1)
        return result
    ordered, n_failed = _sort_runs(values, failed)
    flat = ordered.reshape(-1, values.shape[-1])
    n = values.shape[-1]
    each = zip(flat, n_failed.ravel().tolist(), strict=True)
    return np.array([_weigh_once(n - m, m) @ row for row, m in each]).reshape(values.shape[:-1])


def resample_iqm(values: Floats, failed: Bools) -> Floats:
    """Compute the interquartile means of bootstrap resamples of the runs.

    A resample only chooses how often each order statistic counts, whatever the values are. So the weights of all
    resamples are computed once, and a matrix product does the rest. All rows have the same resamples, in this order.

    Args:
        values: [rows, n] value of each run.
        failed: [rows, n] whether the run failed.

    Returns:
        ``[rows, N_RESAMPLES]``
    """
    ordered, n_failed = _sort_runs(values, failed)
    n = values.shape[-1]
    drawn = np.empty((len(values), N_RESAMPLES))
    for m in np.unique(n_failed).tolist():
        rows = np.flatnonzero(n_failed == m)
        drawn[rows] = ordered[rows] @ _weigh_order_statistics(n - m, m).T
    return drawn


def compute_iqm_intervals(values: Floats, failed: Bools, bounds: tuple[float, float]) -> tuple[Floats, Floats, Floats]:
    """Compute interquartile means over runs with their intervals.

    Args:
        values: [rows, n] value of each run.
        failed: [rows, n] whether the run failed.
        bounds: smallest and largest possible value, which intervals do not leave.

    Returns:
        Value, lower and upper bound, ``[rows]`` each; the bounds are nan for fewer than ``LEAST_RUNS`` runs.
    """
    center = compute_iqm(values, failed)
    if values.shape[-1] < LEAST_RUNS:
        return center, np.full_like(center, np.nan), np.full_like(center, np.nan)
    low, high = np.quantile(resample_iqm(values, failed), expand_levels(values.shape[-1]), axis=-1)
    return center, low.clip(*bounds), high.clip(*bounds)


def compute_overall_iqm(
    values: Floats, failed: Bools, sample: TaskSample, bounds: tuple[float, float]
) -> tuple[Floats, Floats, Floats]:
    """Compute the interquartile mean over the runs of all tasks, with the interval over tasks like these.

    All families of tasks weigh alike, and so do the tasks of a family. The interval is a hierarchical bootstrap.

    Args:
        values: [tasks, rows, n] value of each run; runs without one, nan, are left out.
        failed: [tasks, rows, n] whether the run failed.
        sample: of which tasks are a sample.
        bounds: smallest and largest possible value, which intervals do not leave.

    Returns:
        Value, lower and upper bound, ``[rows]`` each; the bounds are nan if too few tasks or runs have a value.
    """
    n_rows, n = values.shape[1:]
    runs = [(values[:, row].ravel(), failed[:, row].ravel()) for row in range(n_rows)]
    once = np.repeat(sample.weights / n, n)[:, None]
    smallest, largest = _find_range(values, bounds)  # rounding must not leave it either
    center = np.array([_weigh_runs(*own, once)[0] for own in runs]).clip(smallest, largest)
    if not sample.is_enough or n < LEAST_RUNS:
        return center, np.full_like(center, np.nan), np.full_like(center, np.nan)
    weights = _draw_runs(sample, n)
    drawn = np.stack([_weigh_runs(*own, weights) for own in runs])
    ends = np.quantile(drawn, expand_levels(sample.n_effective), axis=1).clip(smallest, largest)
    low, high = np.where(_are_enough(values, sample), ends, np.nan)
    return center, low, high


def _are_enough(values: Floats, sample: TaskSample) -> Bools:
    """Return whether enough tasks, and enough runs on each of them, have a value: [tasks, rows, n] -> [rows]."""
    n_known = (~np.isnan(values)).sum(axis=2)
    tasks = [np.flatnonzero(own) for own in n_known.T]
    return np.array(
        [
            sample.select(at.tolist()).is_enough and own[at].min() >= LEAST_RUNS
            for at, own in zip(tasks, n_known.T, strict=True)
        ]
    )


def _find_range(values: Floats, bounds: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return the smallest and largest of the known values [tasks, rows, n] of each row, within the bounds."""
    known = ~np.isnan(values)
    smallest: Floats = values.min(axis=(0, 2), initial=np.inf, where=known)
    largest: Floats = values.max(axis=(0, 2), initial=-np.inf, where=known)
    return smallest.clip(min=bounds[0]), largest.clip(max=bounds[1])


@lru_cache(maxsize=4)
def _draw_runs(sample: TaskSample, n: int) -> Floats:
    """Return the weight of every run in each resample of tasks and of their runs, ``[tasks * n, N_RESAMPLES]``."""
    rng = np.random.default_rng(_SEED)
    times = sample.resample(N_RESAMPLES, rng)  # how often each task is drawn
    counts = rng.multinomial(n * times, np.full(n, 1 / n))  # each draw of a task has runs of its own
    weights = counts * sample.weights[:, None] / n / (times @ sample.weights)[:, None, None]
    return np.ascontiguousarray(weights.reshape(len(times), -1).T, dtype=np.float32)  # twice as fast


def _weigh_runs(values: Floats, failed: Bools, weights: Floats) -> Floats:
    """Compute interquartile means over runs [k] with weights [k, resamples]; runs without a value are left out."""
    if (unknown := np.isnan(values)).any():
        values, failed, weights = values[~unknown], failed[~unknown], weights[~unknown]
        total = weights.sum(axis=0)
        if not len(values):
            return np.full_like(total, np.nan)
        weights = np.divide(weights, total, out=np.full_like(weights, np.nan), where=total > 0)
    order = np.flatnonzero(~failed)[np.argsort(values[~failed], kind="stable")]
    values = values.astype(weights.dtype)
    untrimmed: Floats = values[failed] @ weights[failed]
    if not len(order):
        return untrimmed
    below, ordered = np.cumsum(weights[order], axis=0), values[order]  # weight of the runs up to each
    whole = below[-1].copy()
    cut = whole * (int(TRIMMED * len(order)) / len(order))  # as scipy's trim_mean, which trims whole runs
    np.clip(below, cut, whole - cut, out=below)
    # the sum of values times differences of ``below``, by parts
    sums = ordered[-1] * below[-1] - ordered[0] * cut - np.diff(ordered) @ below[:-1]
    kept = whole - 2 * cut
    trimmed = np.divide(sums, kept, out=np.zeros_like(sums), where=kept > 0)
    return np.asarray(trimmed * whole + untrimmed)


def _sort_runs(values: Floats, failed: Bools) -> tuple[Floats, Ints]:
    """Sort finished runs along the last axis, failed ones behind them; return them and the number of failed ones."""
    order = np.lexsort((values, failed), axis=-1)
    return np.take_along_axis(values, order, axis=-1), failed.sum(axis=-1)


@lru_cache(maxsize=64)
def _weigh_order_statistics(n_finished: int, n_failed: int) -> Floats:
    """Return the weights of sorted finished runs, and failed runs, in each resample; ``[N_RESAMPLES, runs]``."""
    n = n_finished + n_failed
    rng = np.random.default_rng(_SEED)
    drawn = rng.integers(0, n, (N_RESAMPLES, n)) + n * np.arange(N_RESAMPLES)[:, None]
    return _trim_counts(np.bincount(drawn.ravel(), minlength=N_RESAMPLES * n).reshape(-1, n), n_finished)


@lru_cache(maxsize=64)
def _weigh_once(n_finished: int, n_failed: int) -> Floats:
    """Return the weights of the sample itself, ``[runs]``."""
    return np.asarray(_trim_counts(np.ones((1, n_finished + n_failed), dtype=np.int64), n_finished)[0])


def _trim_counts(counts: Ints, n_finished: int) -> Floats:
    """Turn how often each run counts [resamples, runs] into its weight in the interquartile mean."""
    n = counts.shape[1]
    below = np.cumsum(counts[:, :n_finished], axis=1, dtype=np.float64)
    finished = below[:, -1:].copy() if n_finished else np.zeros((len(counts), 1))
    cut = np.floor(TRIMMED * finished)
    np.clip(below, cut, finished - cut, out=below)
    kept = np.maximum(finished - 2 * cut, 1.0)  # 0 only where no finished run was drawn
    trimmed = np.diff(below, axis=1, prepend=cut) / kept * (finished / n)
    return np.concatenate([trimmed, counts[:, n_finished:] / n], axis=1)


def compute_mean_band(values: Floats, bounds: tuple[float, float] = (-np.inf, np.inf)) -> tuple[Floats, Floats, Floats]:
    """Compute the mean over the first axis with its 95 % interval by Student's t.

    Args:
        values: [runs, ...].
        bounds: smallest and largest possible value, which intervals do not leave.

    Returns:
        Mean, lower and upper bound, each ``[...]``; the bounds are nan for fewer than two runs.
    """
    center: Any = values.mean(axis=0)
    if len(values) < 2:
        return center, np.full_like(center, np.nan), np.full_like(center, np.nan)
    n = len(values)  # scipy.stats.sem and t.ppf take a millisecond each for checking their arguments
    half = special.stdtrit(n - 1, 0.5 + CONFIDENCE / 2) * values.std(axis=0, ddof=1) / np.sqrt(n)
    return center, np.clip(center - half, *bounds), np.clip(center + half, *bounds)
