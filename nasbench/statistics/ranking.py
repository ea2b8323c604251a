"""Average ranks, with intervals over tasks like these, and tiers of contestants that a test cannot separate."""

import numpy as np
from scipy import stats

from nasbench.arrays import Bools, Floats, Ints
from nasbench.statistics.intervals import CONFIDENCE, LEAST_RUNS, compute_iqm, expand_levels, resample_iqm
from nasbench.statistics.sampling import TaskSample

ALPHA = 0.05
DIGITS = 9  # of average ranks: equal ones tie, however their sums were rounded
_BITS = 30  # of a mantissa that has nine digits
_SIGNS = {"minimize": 1.0, "maximize": -1.0}
_SEED = 20200118  # fixed: the same record always prints the same interval


def round_sums(values: Floats) -> Floats:
    """Round to nine digits: numbers that are equal tie, however their sums were rounded."""
    mantissa, exponent = np.frexp(values)
    rounded: Floats = np.ldexp(np.rint(mantissa * 2**_BITS), exponent - _BITS)
    return rounded


def rank(values: Floats, direction: str) -> Floats:
    """Rank contestants along the last axis, 1 for the best; ties share the mean rank, undefined values come last.

    Values that agree in their first nine digits tie.

    Args:
        values: [..., contestants].
        direction: in which values are better, ``minimize`` or ``maximize``.
    """
    levels = np.where(np.isnan(values), np.inf, round_sums(values) * _SIGNS[direction])
    ranks: Floats = stats.rankdata(levels, axis=-1)
    return ranks


def average_ranks(values: Floats, sample: TaskSample, direction: str) -> Floats:
    """Rank the contestants on each task, and average the ranks with the weights of the tasks.

    Args:
        values: [tasks, contestants] the number that is shown of a contestant on a task.
        sample: of which the tasks are a sample.
        direction: in which values are better, ``minimize`` or ``maximize``.

    Returns:
        ``[contestants]``
    """
    averaged: Floats = (sample.weights @ rank(values, direction)).round(DIGITS)
    return averaged


def compute_rank_intervals(values: Floats, failed: Bools, sample: TaskSample, direction: str) -> tuple[Floats, Floats]:
    """Compute 95 % intervals of average ranks over tasks like these, by a hierarchical bootstrap.

    Args:
        values: [tasks, contestants, runs] value of each run; a task is ranked by interquartile means.
        failed: [tasks, contestants, runs] whether the run failed.
        sample: of which the tasks are a sample.
        direction: in which values are better, ``minimize`` or ``maximize``.

    Returns:
        Lower and upper bounds, ``[contestants]`` each; nan if there are too few tasks or runs.
    """
    n_tasks, n, n_runs = values.shape
    if not sample.is_enough or n_runs < LEAST_RUNS:
        return np.full(n, np.nan), np.full(n, np.nan)
    rng = np.random.default_rng(_SEED)
    drawn = resample_iqm(values.reshape(-1, n_runs), failed.reshape(-1, n_runs))
    drawn = drawn.astype(np.float32)  # rounds: equal runs tie, however their sum was rounded
    drawn = rng.permuted(drawn, axis=1)  # makes the resamples of the contestants and tasks independent
    average = average_ranks(compute_iqm(values, failed), sample, direction)
    return resample_average_ranks(average, drawn.reshape(n_tasks, n, -1), sample, direction, rng)


def resample_average_ranks(
    average: Floats, drawn: Floats, sample: TaskSample, direction: str, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Compute 95 % intervals of average ranks over tasks like these, from resamples of the runs of each task.

    Tasks are resampled, too, and ranked again; percentiles are expanded for few tasks. A bootstrap of runs alone would
    hold the true average rank of some contestants in a third of all cases.

    Ranks are bounded, so that those of a good or a bad contestant are skewed towards the middle. Therefore one more
    task is among those that are resampled, on which all contestants tie. And a contestant with the same rank on all
    tasks may have another rank elsewhere: a share ``1 - .025 ** (1 / n)`` of tasks stays unseen on n tasks with
    probability .025. So an interval reaches at least as far as if the rank differed by one on such a share.

    Args:
        average: [contestants] average ranks.
        drawn: [tasks, contestants, resamples] the number by which a task is ranked, in resamples of its runs.
        sample: of which the tasks are a sample.
        direction: in which values are better, ``minimize`` or ``maximize``.
        rng: random generator of the resamples of tasks.

    Returns:
        Lower and upper bounds, ``[contestants]`` each.
    """
    n, n_blocks = len(average), len(sample.block_weights)
    ranks = rank(np.moveaxis(drawn, 1, 2), direction)  # [tasks, resamples, contestants]
    times = rng.multinomial(n_blocks + 1, np.full(n_blocks + 1, 1 / (n_blocks + 1)), size=drawn.shape[2])
    share = times[:, np.append(sample.blocks, n_blocks)] * np.append(sample.weights, 1 / n_blocks)
    share /= share.sum(axis=1, keepdims=True)
    averaged = np.einsum("bt,tbc->cb", share[:, :-1], ranks) + share[:, -1] * (n + 1) / 2
    low, high = np.quantile(averaged, expand_levels(sample.n_effective), axis=1)
    unseen = 1 - (0.5 - CONFIDENCE / 2) ** (1 / sample.n_effective)
    return np.minimum(low, average - unseen).clip(min=1), np.maximum(high, average + unseen).clip(max=n)


def find_rank_sets(p: Floats, worse: Bools) -> tuple[Ints, Ints]:
    """Find the best and the worst place that each contestant may have, given adjusted p-values of all pairs.

    Args:
        p: [contestants, contestants] adjusted p-values.
        worse: [contestants, contestants] whether the contestant of the row is worse than that of the column.

    Returns:
        1 + the number of contestants that are significantly better, and the number of those that are not significantly
        worse, ``[contestants]`` each. With probability .95 they hold the true places of all contestants.
    """
    significant = p <= ALPHA
    return 1 + (significant & worse).sum(axis=1), len(p) - (significant & worse.T).sum(axis=1)


def find_tiers(places: Ints | Floats, p: Floats, worse: Bools) -> Ints:
    """Sort contestants into tiers: tier 1 holds the best and all that are not significantly worse, and so on.

    Args:
        places: [contestants] places or average ranks; the leader of a tier is the best of those that are left.
        p: [contestants, contestants] adjusted p-values; nan counts as not significant.
        worse: [contestants, contestants] whether the contestant of the row is worse than that of the column.

    Returns:
        [contestants] number of the tier, from 1.
    """
    tiers, tier = np.zeros(len(places), dtype=np.int64), 0
    while (left := tiers == 0).any():
        tier += 1
        leader = np.flatnonzero(left)[places[left].argmin()]
        tiers[left & ~((p[:, leader] <= ALPHA) & worse[:, leader])] = tier
    return tiers
