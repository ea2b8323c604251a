"""Tests between contestants over tasks: what may be claimed of tasks like these, not only of these runs.

Every test is over blocks: tasks, or families of tasks from six families on. Runs are never pooled: runs of one task say
nothing about other tasks, so claims over pooled runs are false in 10 to 30 % of equal pairs.

- Friedman's test (Friedman 1937, JASA 32) of the hypothesis that all contestants are alike.
- Nemenyi's test (Nemenyi 1963; Demsar 2006, JMLR 7): two contestants differ if their average ranks differ by more than
  a critical difference, which follows from the numbers of contestants and blocks.
  No p-value is smaller than that of permutations of the contestants within blocks, which hold their level with few
  blocks, with ties and with unequal weights: with two contestants on 8 tasks, Nemenyi's own errs in 7 %.
- max-T by sign flips (Westfall & Young 1993): finds more differences; approximate where differences are skewed.
- The sign-flip test of each pair alone, unadjusted: other contestants do not change it.

The first two are weighted. If ``a`` [contestants] are the ranks of a block, or their averages over a family, all orders
of them are equally likely under the hypothesis, so that a difference of two average ranks has the variance
``2 sum(w ** 2 * var(a))``. With single tasks of equal weight and without ties this is Nemenyi's and Friedman's own.
"""

from functools import cache, lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from nasbench.arrays import Bools, Floats
from nasbench.errors import make_unknown_name
from nasbench.statistics.pairs import fill_pairs, make_unknown_pairs
from nasbench.statistics.ranking import ALPHA, DIGITS, rank, round_sums
from nasbench.statistics.sampling import TaskSample

_MOST_ENUMERATED = 13  # blocks whose sign flips are all tried; of more, some are drawn
_N_DRAWN = 4096
_N_PERMUTED = 10_000
_SEED = 20200119
_ROUNDING = 1e-9


class PairwiseTest(NamedTuple):
    """A test between all pairs of contestants.

    Attributes:
        name: ``nemenyi`` or ``max_t``.
        statistic: [contestants, contestants] how much worse the contestant of the row is than that of the column, in
            average ranks or in standard errors.
        critical: size above which the statistic is significant at .05, for all pairs together; nan if undefined.
        p: [contestants, contestants] adjusted p-values; 1 on the diagonal, nan if undefined.
    """

    name: str
    statistic: Floats
    critical: float
    p: Floats

    @property
    def worse(self) -> Bools:
        """[contestants, contestants] whether the contestant of the row is worse than that of the column."""
        return np.asarray(self.statistic > 0)

    @property
    def can_separate(self) -> bool:
        """Whether the test could separate the best from the worst of all contestants, if all tasks agreed."""
        n = len(self.p)
        if n < 2 or np.isnan(self.p).any():
            return False
        return self.name != "nemenyi" or not self.critical >= n - 1  # nan if all tie on every task


class OverTasks(NamedTuple):
    """What tests over tasks say.

    Attributes:
        sample: the tasks that were tested.
        average: [contestants] average ranks.
        friedman: p-value of Friedman's test; nan if undefined.
        nemenyi, max_t: tests between all pairs.
        unadjusted: [contestants, contestants] sign-flip p-values of each pair alone.
    """

    sample: TaskSample
    average: Floats
    friedman: float
    nemenyi: PairwiseTest
    max_t: PairwiseTest
    unadjusted: Floats

    def choose(self, name: str) -> PairwiseTest:
        """Return the test of this name.

        Raises:
            UnknownName: there is no such test.
        """
        return {"nemenyi": self.nemenyi, "max_t": self.max_t}[check_test(name)]

    def describe(self) -> dict[str, Any]:
        """Return what the tests are over, and their numbers that are not of single pairs, as plain data."""
        return {
            "over": self.sample.describe(),
            "n_tasks": self.sample.n_tasks,
            "n_families": self.sample.n_families,
            "sampled": self.sample.unit,
            "n_sampled": len(self.sample.block_weights),
            "enough_tasks": self.sample.is_enough,
            "friedman_p": self.friedman,
            "nemenyi_critical_difference": self.nemenyi.critical,
            "max_t_critical_size": self.max_t.critical,
        }


TESTS = ("nemenyi", "max_t")
DEFAULT_TEST = "nemenyi"


def check_test(name: str) -> str:
    """Return the name of a test over tasks.

    Raises:
        UnknownName: there is no such test.
    """
    if name not in TESTS:
        raise make_unknown_name("test over tasks", name, TESTS)
    return name


def compare_over_tasks(values: Floats, sample: TaskSample, direction: str) -> OverTasks:
    """Compare contestants over tasks.

    Args:
        values: [tasks, contestants] the number that is shown of a contestant on a task; tasks with an undefined one are
            left out.
        sample: of which the tasks are a sample.
        direction: in which values are better, ``minimize`` or ``maximize``.
    """
    defined = np.flatnonzero(~np.isnan(values).any(axis=1))
    values, sample = round_sums(values[defined]), sample.select(defined.tolist())
    ranks = sample.average_blocks(rank(values, direction))
    levels = sample.average_blocks(values if direction == "minimize" else -values)
    average = (sample.block_weights @ ranks).round(DIGITS)
    max_t, unadjusted = _flip_signs(levels, sample)
    friedman, nemenyi = _compare_ranks(ranks, sample)
    return OverTasks(sample, average, friedman, nemenyi, max_t, unadjusted)


def _compare_ranks(ranks: Floats, sample: TaskSample) -> tuple[float, PairwiseTest]:
    """Compute Friedman's p-value and Nemenyi's test from the ranks of blocks [blocks, contestants]."""
    n = ranks.shape[1]
    average = sample.block_weights @ ranks
    difference = average[:, None] - average
    if not sample.is_enough or n < 2:
        return np.nan, PairwiseTest("nemenyi", difference, np.nan, make_unknown_pairs(n))
    variance = float(sample.block_weights**2 @ ranks.var(axis=1, ddof=1))
    if variance < _ROUNDING:  # all contestants tie on every task
        return 1.0, PairwiseTest("nemenyi", difference, np.nan, np.ones((n, n)))
    chi2 = ((average - average.mean()) ** 2).sum() / variance
    friedman = float(stats.chi2.sf(chi2, n - 1)) if n > 2 else np.nan
    size = np.abs(difference)
    scaled, where = np.unique(size / np.sqrt(variance), return_inverse=True)
    p = stats.studentized_range.sf(scaled, n, np.inf).clip(0, 1)[where].reshape(n, n)
    ranges = _permute(np.sort(sample.block_weights[:, None] * ranks, axis=1).tobytes(), n)
    p = np.maximum(p, 1 - np.searchsorted(ranges, size * (1 - _ROUNDING)) / len(ranges))
    np.fill_diagonal(p, 1.0)
    critical = max(_find_critical_range(n) * np.sqrt(variance), _find_critical(ranges))
    return friedman, PairwiseTest("nemenyi", difference, critical, p)


@lru_cache(maxsize=2)
def _draw_orders(n_blocks: int, n: int) -> Any:
    """Return random orders of ``n`` contestants in each block, ``[n_blocks, _N_PERMUTED, n]``."""
    rng = np.random.default_rng(_SEED)
    order = np.arange(n, dtype=np.min_scalar_type(n))
    return rng.permuted(np.broadcast_to(order, (n_blocks, _N_PERMUTED, n)), axis=2)


@lru_cache(maxsize=16)
def _permute(blocks: bytes, n: int) -> Floats:
    """Return the sorted ranges of the sums of blocks [blocks, n] whose ``n`` values are permuted."""
    values = np.frombuffer(blocks).reshape(-1, n)
    if n == 2:
        return np.sort(np.abs(_draw_signs(len(values)) @ np.diff(values)[:, 0]))
    total = np.zeros((_N_PERMUTED, n))
    for block, orders in zip(values, _draw_orders(len(values), n), strict=True):
        total += block[orders]
    total[0] = values.sum(axis=0)  # the largest range of all: no p-value is 0
    return np.sort(np.ptp(total, axis=1))


@cache
def _find_critical_range(n: int) -> float:
    """Find the size that the range of ``n`` standard normal numbers exceeds with probability .05."""
    return float(stats.studentized_range.ppf(1 - ALPHA, n, np.inf))


@cache
def _draw_signs(n_blocks: int) -> Floats:
    """Return sign flips [flips, blocks], the first of them none at all; one of each flip and its opposite if all."""
    if n_blocks <= _MOST_ENUMERATED:
        signs = np.array(list(product([1.0, -1.0], repeat=n_blocks - 1)))
        return np.concatenate([np.ones((len(signs), 1)), signs], axis=1)
    drawn = np.random.default_rng(_SEED).choice([1.0, -1.0], (_N_DRAWN, n_blocks))
    drawn[0] = 1.0
    return drawn


def _flip_signs(levels: Floats, sample: TaskSample) -> tuple[PairwiseTest, Floats]:
    """Compute max-T and the unadjusted p-values of all pairs from the levels of blocks [blocks, contestants]."""
    n = levels.shape[1]
    if not sample.is_enough or n < 2 or np.isnan(levels).any():
        return PairwiseTest("max_t", np.zeros((n, n)), np.nan, make_unknown_pairs(n)), make_unknown_pairs(n)
    i, j = np.triu_indices(n, k=1)
    flipped = _standardize_flips(levels[:, i] - levels[:, j], sample.block_weights)
    observed, flipped = flipped[0], np.abs(flipped)
    own = np.abs(observed) * (1 - _ROUNDING)
    largest = np.sort(flipped.max(axis=1))
    adjusted = 1 - np.searchsorted(largest, own) / len(largest)
    alone = (flipped >= own).mean(axis=0)
    statistic = np.zeros((n, n))
    statistic[i, j], statistic[j, i] = observed, -observed
    return PairwiseTest("max_t", statistic, _find_critical(largest), fill_pairs(adjusted, n)), fill_pairs(alone, n)


def _standardize_flips(differences: Floats, weights: Floats) -> Floats:
    """Divide the weighted means of differences [blocks, pairs] by their standard errors, for each flip of signs.

    The squared standard error is ``sum(w ** 2 * (d - mean) ** 2) + mean ** 2 * sum(w ** 2)``: where all blocks weigh
    alike, that of differences about zero, ``sum(w ** 2 * d ** 2)``. Otherwise the latter would be larger for blocks
    that agree than for some that do not, and with many contestants no pair could reach the critical size.

    Returns:
        ``[flips, pairs]``, the first without a flip; 0 for pairs that are equal on all blocks.
    """
    signs = _draw_signs(len(weights))
    weighted = weights[:, None] * differences
    means = signs @ weighted
    squares = (weighted**2).sum(axis=0)
    if np.ptp(weights) > _ROUNDING:
        squares = squares - 2 * means * (signs @ (weights[:, None] * weighted) - (weights**2).sum() * means)
    standardized: Floats = np.divide(means, np.sqrt(squares), out=np.zeros_like(means), where=squares > 0)
    return standardized


def _find_critical(largest: Floats) -> float:
    """Find the largest of the sorted values that more than 5 % of them reach."""
    return float(largest[len(largest) - int(ALPHA * len(largest)) - 1])


def estimate_more_blocks(test: PairwiseTest, sample: TaskSample) -> Floats:
    """Estimate how many more tasks, or families, would separate each pair, if the difference stayed as it is.

    The critical size falls with the square root of the number of blocks.

    Returns:
        ``[contestants, contestants]``; 0 where the pair is separated already, infinite where it does not differ.
    """
    size = np.abs(test.statistic)
    ratio = np.divide(test.critical, size, out=np.full_like(size, np.inf), where=size > 0)
    more = np.maximum(np.ceil(len(sample.block_weights) * (ratio**2 - 1)), 1.0)
    return np.where(np.isnan(test.critical), np.nan, np.where(test.p <= ALPHA, 0.0, more))
