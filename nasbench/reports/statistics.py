"""Intervals, ranks and tests, by scipy and scikit-posthocs.

Following Agarwal et al. 2021 (arXiv 2108.13264): interquartile means with stratified bootstrap
intervals; following Demsar 2006 (JMLR 7): Friedman's test and Holm-corrected Wilcoxon tests over blocks.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from nasbench.arrays import Floats
from nasbench.errors import MissingExtra

CONFIDENCE = 0.95
N_RESAMPLES = 2000
_BOOTSTRAP_SEED = 20200117  # fixed: the same record always prints the same interval


@dataclass(frozen=True)
class Interval:
    """An estimate with its bootstrap interval."""

    value: float
    low: float
    high: float


def interquartile_mean(values: Floats, axis: int = -1) -> Any:
    """Mean of the middle half of the values along an axis."""
    return stats.trim_mean(values, 0.25, axis=axis)


def iqm_interval(strata: list[Floats]) -> Interval:
    """Interquartile mean over all strata, with a percentile bootstrap that resamples runs within each.

    Args:
        strata: one array of runs for every task.
    """
    several = [values for values in strata if len(values) > 1]
    alone = np.concatenate([np.empty(0), *(values for values in strata if len(values) == 1)])

    def statistic(*resampled: Floats, axis: int = -1) -> Any:
        fixed = np.broadcast_to(alone, (*resampled[0].shape[:-1], len(alone)))  # one run cannot be resampled
        return interquartile_mean(np.concatenate([*resampled, fixed], axis=-1), axis=axis)

    value = float(interquartile_mean(np.concatenate(strata)))
    if all(np.ptp(values) == 0 for values in several):
        return Interval(value, value, value)
    bootstrap = stats.bootstrap(
        several,
        statistic,
        n_resamples=N_RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(_BOOTSTRAP_SEED),
    )
    return Interval(value, float(bootstrap.confidence_interval.low), float(bootstrap.confidence_interval.high))


def mean_band(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean over the first axis with its 95 % Student interval.

    Args:
        values: [runs, ...].

    Returns:
        mean, lower and upper bound, each ``[...]``; all the same for a single run.
    """
    center = values.mean(axis=0)
    if len(values) < 2:
        return center, center, center
    half = stats.t.ppf(0.5 + CONFIDENCE / 2, len(values) - 1) * stats.sem(values, axis=0)
    return center, center - half, center + half


def ranks(scores: Floats) -> Floats:
    """Rank regrets along the last axis, 1 for the smallest, ties sharing the mean."""
    result: Floats = stats.rankdata(scores, axis=-1)
    return result


def enough_blocks(n_blocks: int, n_strategies: int) -> bool:
    """Whether a Wilcoxon test over so many blocks could reject at all after Holm's correction."""
    n_pairs = n_strategies * (n_strategies - 1) // 2
    return 2.0 ** (1 - n_blocks) * n_pairs < 1 - CONFIDENCE


def _defined(blocks: Floats) -> Floats:
    """Return the blocks in which every strategy has a value."""
    return blocks[~np.isnan(blocks).any(axis=1)]


def friedman(blocks: Floats) -> float:
    """P-value of Friedman's test that all columns of ``blocks`` [blocks, strategies] rank alike.

    nan with fewer than three columns or two blocks, where the test is not defined; 1 if all are equal.
    """
    blocks = _defined(blocks)
    if blocks.shape[1] < 3 or len(blocks) < 2:
        return float("nan")
    if (np.ptp(blocks, axis=1) == 0).all():
        return 1.0
    return float(stats.friedmanchisquare(*blocks.T).pvalue)


def pairwise_tests(blocks: Floats) -> Floats:
    """Holm-corrected p-values of two-sided Wilcoxon signed-rank tests between all columns.

    Args:
        blocks: [blocks, strategies] regrets.

    Returns:
        ``[strategies, strategies]``, symmetric, 1 on the diagonal; nan with fewer than two blocks.

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
    # zsplit shares ties between both signs, so that two equal strategies have p = 1 and no special case
    table = posthoc_wilcoxon(list(blocks.T), zero_method="zsplit", p_adjust="holm")
    values: Floats = table.to_numpy(dtype=float).copy()
    np.fill_diagonal(values, 1.0)
    return values
