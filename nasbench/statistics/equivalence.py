"""Tests of a difference against a tolerance: that it is within, that it is beyond, and that it has a direction.

*Within* is a test of equivalence: two one-sided t tests, each at the level .05 (TOST; Schuirmann 1987). A
difference that is merely not significant is not within. *Beyond* is the test of an interval hypothesis by Hodges &
Lehmann (1954). Errors of several parts add up, and the degrees of freedom are Welch's.

Searches fail rarely but by far, so that the mean of few runs is skewed, and t tests reject too often on one side (at 40
runs with a skewness of 2.8, .09 instead of .05). Statistics are therefore corrected for skewness by Hall's
transformation (1992), where this weakens the evidence and never where it strengthens it. As few runs show too little of
the skewness, cautious tests, which declare a number *not* reproduced, add two of its standard errors.
"""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from scipy.special import stdtr, stdtrit

from nasbench.statistics.ranking import ALPHA

_CAUTION = 2.0


class ErrorPart(NamedTuple):
    """The share of one sample in the error of a difference; an exact number has variance 0.

    Attributes:
        variance: of the estimate, not of a single run.
        df: its degrees of freedom.
        third: third cumulant of the estimate, with its sign in the difference; 0 for a symmetric one.
        third_error: standard error of the third cumulant.
    """

    variance: float = 0.0
    df: float = math.inf
    third: float = 0.0
    third_error: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """An estimated difference.

    Attributes:
        value: the difference.
        error: its standard error; 0 if both sides are exact.
        df: degrees of freedom of the error.
        skewness: of the estimate.
        skewness_error: standard error of the skewness.
    """

    value: float
    error: float = 0.0
    df: float = math.inf
    skewness: float = 0.0
    skewness_error: float = 0.0

    @property
    def margin(self) -> float:
        """Half-width of the 90 % interval by Student's t."""
        return float(stdtrit(self.df, 1 - ALPHA)) * self.error if self.error else 0.0

    @property
    def mirrored(self) -> "Estimate":
        """The same difference with the opposite sign."""
        return Estimate(-self.value, self.error, self.df, -self.skewness, self.skewness_error)


def make_error_part(std: float, n: float, skewness: float = 0.0, *, known: bool = True) -> ErrorPart:
    """Return the share of the mean of ``n`` runs.

    Args:
        std: standard deviation of the runs, n in the denominator.
        n: number of runs.
        skewness: of a run's distribution; negative for the subtracted side of a difference.
        known: whether the skewness is that of other runs, so that it adds no error of its own.
    """
    if not 1 < n < math.inf:
        return ErrorPart()
    third = std**3 / n**2
    return ErrorPart(std**2 / (n - 1), n - 1, skewness * third, 0.0 if known else math.sqrt(6 / n) * third)


def make_estimate(value: float, *parts: ErrorPart) -> Estimate:
    """Return a difference with the error of its independent parts; degrees of freedom by Welch and Satterthwaite."""
    variance = sum(part.variance for part in parts)
    if not variance:
        return Estimate(value)
    # shares first: squares of tiny variances would be 0
    inverse = sum((part.variance / variance) ** 2 / part.df for part in parts)
    error = math.sqrt(variance)
    return Estimate(
        value,
        error,
        1 / inverse if inverse else math.inf,
        sum(part.third / error**3 for part in parts),
        math.hypot(*(part.third_error / error**3 for part in parts)),
    )


def compute_equivalence_p(estimate: Estimate, limit: float) -> float:
    """Compute the p-value of the hypothesis that the true difference is ``limit`` or more, in either direction."""
    if not estimate.error:
        return 0.0 if abs(estimate.value) <= limit else 1.0
    return max(_compute_lower_p(side, -limit) for side in (estimate, estimate.mirrored))


def compute_exceedance_p(estimate: Estimate, limit: float) -> float:
    """Compute the p-value of the hypothesis that the true difference is at most ``limit``, in either direction."""
    if not estimate.error:
        return 0.0 if abs(estimate.value) > limit else 1.0
    near = estimate if estimate.value < 0 else estimate.mirrored
    far = replace(near, skewness=-near.skewness)  # as far on the other side, where the true difference is not
    return min(1.0, _compute_lower_p(near, limit, _CAUTION) + _compute_lower_p(far, -limit, _CAUTION))


def compute_direction_p(estimate: Estimate, *, cautious: bool = False) -> float:
    """Compute the p-value of the hypothesis that the true difference is 0 or below; ``cautious`` about skewness."""
    if not estimate.error:
        return 0.0 if estimate.value > 0 else 1.0
    return _compute_lower_p(estimate.mirrored, 0.0, _CAUTION if cautious else 0.0)


def _compute_lower_p(estimate: Estimate, shift: float, caution: float = 0.0) -> float:
    """Compute the probability of a difference as low as this one if the true difference is ``-shift``."""
    statistic = (estimate.value + shift) / estimate.error
    skewness = estimate.skewness + caution * estimate.skewness_error
    if skewness > 0 > statistic:
        skewness = min(skewness, -3 / statistic)  # more would strengthen the evidence again
        statistic += skewness / 6 + skewness * statistic**2 / 3 + skewness**2 * statistic**3 / 27
    return float(stdtr(estimate.df, statistic))
