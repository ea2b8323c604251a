"""Intervals, ranks and tests, with scipy and scikit-posthocs.

Interquartile means with stratified bootstrap intervals follow Agarwal et al. 2021 (arXiv 2108.13264). Friedman's test
and Holm-corrected Wilcoxon tests over blocks follow Demsar 2006 (JMLR 7).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import stats

from nasbench.arrays import Floats, Ints
from nasbench.errors import MissingExtra

CONFIDENCE = 0.95
N_RESAMPLES = 2000
_TRIMMED = 0.25  # at each end
_BOOTSTRAP_SEED = 20200117  # fixed: the same record always prints the same interval


@dataclass(frozen=True)
class Interval:
    """An estimate with its bootstrap interval."""

    value: float
    low: float
    high: float


def interquartile_mean(values: Floats, axis: int = -1) -> Any:
    """Compute the mean of the middle half of the values along an axis."""
    return stats.trim_mean(values, _TRIMMED, axis=axis)


def iqm_interval(strata: list[Floats]) -> Interval:
    """Compute the interquartile mean over all strata, with a percentile bootstrap that resamples runs within each.

    Args:
        strata: values of the runs, one array per task.
    """
    values = np.concatenate(strata)
    value = float(interquartile_mean(values))
    if all(np.ptp(own) == 0 for own in strata if len(own) > 1):
        return Interval(value, value, value)
    order = np.argsort(values)
    counts = _draw_resamples(tuple(map(len, strata)))[:, order]
    cut = int(_TRIMMED * len(values))  # as scipy's trim_mean
    below = np.zeros((N_RESAMPLES, len(values) + 1))  # number of a resample's values among the smallest 0, 1, 2 ...
    np.cumsum(counts, axis=1, out=below[:, 1:])
    np.clip(below, cut, len(values) - cut, out=below)
    means = np.diff(below, axis=1) @ values[order] / (len(values) - 2 * cut)
    low, high = np.percentile(means, [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
    return Interval(value, float(low), float(high))


@lru_cache(maxsize=4)
def _draw_resamples(sizes: tuple[int, ...]) -> Ints:
    """Count how often each resample of strata of these sizes contains each run; ``[N_RESAMPLES, all runs]``.

    The draws are the same for strata of equal sizes. A single run cannot be resampled and counts once.
    """
    rng = np.random.default_rng(_BOOTSTRAP_SEED)
    first = np.arange(N_RESAMPLES)[:, None]
    counts = []
    for size in sizes:
        drawn = rng.integers(0, size, (N_RESAMPLES, size)) if size > 1 else np.zeros((N_RESAMPLES, size), dtype=int)
        counts.append(np.bincount((first * size + drawn).ravel(), minlength=N_RESAMPLES * size).reshape(-1, size))
    return np.concatenate(counts, axis=1, dtype=np.int32)


def mean_band(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Compute the mean over the first axis with its 95 % interval by Student's t.

    Args:
        values: [runs, ...].

    Returns:
        Mean, lower and upper bound, each ``[...]``; all are equal for a single run.
    """
    center = values.mean(axis=0)
    if len(values) < 2:
        return center, center, center
    half = stats.t.ppf(0.5 + CONFIDENCE / 2, len(values) - 1) * stats.sem(values, axis=0)
    return center, center - half, center + half


def ranks(scores: Floats) -> Floats:
    """Rank regrets along the last axis, 1 for the smallest; ties share the mean rank."""
    result: Floats = stats.rankdata(scores, axis=-1)
    return result


def enough_blocks(n_blocks: int, n_strategies: int) -> bool:
    """Whether a Wilcoxon test over ``n_blocks`` blocks could reject at all after Holm's correction."""
    n_pairs = n_strategies * (n_strategies - 1) // 2
    return 2.0 ** (1 - n_blocks) * n_pairs < 1 - CONFIDENCE


def _defined(blocks: Floats) -> Floats:
    """Return the blocks in which every strategy has a value."""
    return blocks[~np.isnan(blocks).any(axis=1)]


def friedman(blocks: Floats) -> float:
    """Compute the p-value of Friedman's test that all columns of ``blocks`` [blocks, strategies] rank alike.

    It is nan for fewer than three columns or two blocks, for which the test is undefined, and 1 if all are equal.
    """
    blocks = _defined(blocks)
    if blocks.shape[1] < 3 or len(blocks) < 2:
        return float("nan")
    if (np.ptp(blocks, axis=1) == 0).all():
        return 1.0
    return float(stats.friedmanchisquare(*blocks.T).pvalue)


def pairwise_tests(blocks: Floats) -> Floats:
    """Compute Holm-corrected p-values of two-sided Wilcoxon signed-rank tests between all columns.

    Args:
        blocks: [blocks, strategies] regrets.

    Returns:
        ``[strategies, strategies]``, symmetric, 1 on the diagonal; nan for fewer than two blocks.

    Raises:
        MissingExtra: scikit-posthocs is not installed.
    """
    try:
        from scikit_posthocs import posthoc_wilcoxon
    except ImportError as error:
        raise MissingExtra("testing strategies against each other", "report") from error
    blocks, n = _defined(blocks), blocks.shape[1]
    if n < 2 or len(blocks) < 2:
        return np.where(np.eye(n, dtype=bool), 1.0, np.nan)
    # zsplit shares ties between both signs, so that two equal strategies have p = 1 without a special case
    table = posthoc_wilcoxon(list(blocks.T), zero_method="zsplit", p_adjust="holm")
    values: Floats = table.to_numpy(dtype=float).copy()
    np.fill_diagonal(values, 1.0)
    return values
