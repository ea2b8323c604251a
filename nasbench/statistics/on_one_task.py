"""Tests between contestants on one task: what may be claimed of their runs there, not of other tasks."""

from functools import lru_cache

import numpy as np
from scipy import stats

from nasbench.arrays import Bools, Floats
from nasbench.statistics.intervals import LEAST_RUNS
from nasbench.statistics.pairs import fill_pairs, make_unknown_pairs

_MOST_COUNTED = 100  # runs whose orders are counted: of more, there are too many for a float, and tails are normal


def adjust_by_holm(p: Floats) -> Floats:
    """Adjust the p-values of all pairs [n, n] by Holm 1979; nan stays and is not counted."""
    return fill_pairs(adjust_list_by_holm(p[np.triu_indices(len(p), k=1)]), len(p))


def adjust_list_by_holm(p: Floats) -> Floats:
    """Adjust p-values [k] by Holm 1979; nan stays and is not counted."""
    adjusted = p.copy()
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)).clip(max=1)
    return adjusted


def compare_runs(values: Floats) -> Floats:
    """Compute unadjusted p-values between all contestants by the Brunner-Munzel test.

    The test (Brunner & Munzel 2000, Biometrical Journal 42) asks whether runs of one contestant tend to be larger than
    runs of another. Runs are not paired: runs of one number share nothing. In small samples its tails are too light: of
    ten runs, the smallest of ten p-values is below .005 in 8 % of all cases. So no p-value is smaller than that of Mann
    and Whitney 1947, which is a permutation test; runs that do not overlap have one, too.

    Args:
        values: [contestants, runs].

    Returns:
        ``[contestants, contestants]``, 1 on the diagonal; nan for fewer than ``LEAST_RUNS`` runs.
    """
    n, runs = values.shape
    if runs < LEAST_RUNS:
        return make_unknown_pairs(n)
    placements = _place_runs(values)
    spread = placements.var(axis=2, ddof=1)
    variance = (spread + spread.T) / runs
    effect = (placements.mean(axis=2) - placements.mean(axis=2).T) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = (runs - 1) * (spread + spread.T) ** 2 / (spread**2 + spread.T**2)
        p = 2 * stats.t.sf(np.abs(effect) / np.sqrt(variance), freedom)
    p[variance == 0] = 0.0  # runs that do not overlap, or are all equal
    return np.where(np.eye(n, dtype=bool), 1.0, np.maximum(p, _permute_ranks(placements)))


def _place_runs(values: Floats) -> Floats:
    """Return the number of runs of j below run k of i, ties counted as one half, as [i, j, k]: its placement."""
    ordered = np.sort(values, axis=1)
    placed = [np.searchsorted(row, values, side="left") + np.searchsorted(row, values, side="right") for row in ordered]
    return np.stack(placed, axis=1) / 2


def _permute_ranks(placements: Floats) -> Floats:
    """Compute the p-values of Mann & Whitney 1947, with the smaller of two that are seldom too small.

    One is normal, with the variance under ties and a correction for continuity; the other is exact without ties, and
    ties only make it larger.

    Args:
        placements: [contestants, contestants, runs] as ``_place_runs`` returns them.
    """
    runs = placements.shape[2]
    beyond = np.abs(placements.sum(axis=2) - runs**2 / 2)
    own = placements[np.arange(len(placements)), np.arange(len(placements))]
    squares = ((placements + own[:, None] - runs) ** 2).sum(axis=2)  # of ranks among both, less their mean
    variance = runs * (squares + squares.T) / (4 * runs - 2)
    scaled = np.divide(beyond - 0.5, np.sqrt(variance), out=np.zeros_like(beyond), where=variance > 0)
    tail = stats.norm.sf(scaled)
    if runs <= _MOST_COUNTED:
        tail = np.minimum(tail, _count_orders(runs)[np.ceil(runs**2 / 2 - beyond).astype(np.int64)])
    return np.asarray(np.minimum(2 * tail, 1.0))


@lru_cache(maxsize=8)
def _count_orders(runs: int) -> Floats:
    """Return the probability that at most 0, 1, ... pairs are in reverse order, of two samples without ties.

    The numbers of orders are the coefficients of a Gaussian binomial, ``(1 - x ** (runs + i)) / (1 - x ** i)`` over i.
    """
    counts = np.ones(1)
    for i in range(1, runs + 1):
        size = i * runs + 1
        raised = np.zeros(size + -size % i)
        raised[: len(counts)] = counts
        raised[runs + i : size] -= counts[: size - runs - i]
        counts = raised.reshape(-1, i).cumsum(axis=0).ravel()[:size]
    return np.asarray(np.cumsum(counts) / counts.sum())


def find_larger_runs(values: Floats) -> Bools:
    """Find whose runs tend to be larger: the direction of the Brunner-Munzel test.

    Args:
        values: [contestants, runs].

    Returns:
        ``[contestants, contestants]`` whether a run of the contestant of the row is larger than one of the contestant
        of the column in more than half of all pairs of runs; ties count as one half.
    """
    placements = _place_runs(values).mean(axis=2)
    return np.asarray(placements > placements.T)


def compare_paired_runs(values: Floats) -> Floats:
    """Compute unadjusted p-values between all contestants by paired t tests: runs of one number share their data.

    Args:
        values: [contestants, runs].

    Returns:
        ``[contestants, contestants]``, 1 on the diagonal and for runs that are all equal; nan for fewer than two runs,
        and where the difference never varies.
    """
    n, runs = values.shape
    if runs < 2:
        return make_unknown_pairs(n)
    difference = values[:, None] - values
    mean, error = difference.mean(axis=2), stats.sem(difference, axis=2)
    varies = error > 1e-12 * np.abs(values).max(initial=0.0, where=~np.isnan(values))
    t = np.divide(mean, error, out=np.full_like(mean, np.nan), where=varies)
    p = 2 * stats.t.sf(np.abs(t), runs - 1)
    return np.where((difference == 0).all(axis=2), 1.0, p)
