"""Tests between contestants on one task: what may be claimed of their runs there, not of other tasks."""

import numpy as np
from scipy import special, stats

from nasbench.arrays import Floats
from nasbench.statistics.intervals import LEAST_RUNS


def adjust_by_holm(p: Floats) -> Floats:
    """Adjust the p-values of all pairs [n, n] by Holm 1979; nan stays and is not counted."""
    adjusted = p.copy()
    i, j = np.triu_indices(len(p), k=1)
    adjusted[i, j] = adjusted[j, i] = adjust_list_by_holm(p[i, j])
    return adjusted


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
    runs of another. Runs are not paired: runs of one number share nothing. No p-value is smaller than that of a
    permutation test, so that runs which do not overlap have one, too.

    Args:
        values: [contestants, runs].

    Returns:
        ``[contestants, contestants]``, 1 on the diagonal; nan for fewer than ``LEAST_RUNS`` runs.
    """
    n, runs = values.shape
    if runs < LEAST_RUNS:
        return np.where(np.eye(n, dtype=bool), 1.0, np.nan)
    ordered = np.sort(values, axis=1)
    # [i, j, k] number of runs of j below run k of i, ties counted as one half: its placement
    placed = np.stack(
        [np.searchsorted(row, values, side="left") + np.searchsorted(row, values, side="right") for row in ordered],
        axis=1,
    )
    placements = placed / 2
    spread = placements.var(axis=2, ddof=1)
    variance = (spread + spread.T) / runs
    effect = (placements.mean(axis=2) - placements.mean(axis=2).T) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = (runs - 1) * (spread + spread.T) ** 2 / (spread**2 + spread.T**2)
        p = 2 * stats.t.sf(np.abs(effect) / np.sqrt(variance), freedom)
    separated = variance == 0
    p[separated] = np.where(effect[separated] == 0, 1.0, 0.0)
    smallest = 2 / special.binom(2 * runs, runs)
    return np.where(np.eye(n, dtype=bool), 1.0, p.clip(smallest, 1.0))


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
        return np.where(np.eye(n, dtype=bool), 1.0, np.nan)
    difference = values[:, None] - values
    mean, error = difference.mean(axis=2), stats.sem(difference, axis=2)
    varies = error > 1e-12 * np.abs(values).max(initial=0.0, where=~np.isnan(values))
    t = np.divide(mean, error, out=np.full_like(mean, np.nan), where=varies)
    p = 2 * stats.t.sf(np.abs(t), runs - 1)
    return np.where((difference == 0).all(axis=2), 1.0, p)
