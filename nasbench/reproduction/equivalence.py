"""Tests of a difference against a tolerance: that it is within, that it is beyond, and that it has a direction.

*Within* is a test of equivalence: two one-sided t tests, each at the level of the verdict (TOST; Schuirmann 1987). A
difference that is merely not significant is not within. *Beyond* is the test of an interval hypothesis by Hodges &
Lehmann (1954). Errors of several parts add up, and the degrees of freedom are Welch's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scipy.special import stdtr, stdtrit

LEVEL = 0.05
"""Largest probability of each kind of false verdict."""


class Part(NamedTuple):
    """The share of one sample in the error of a difference; an exact number has variance 0.

    Attributes:
        variance: of the estimate, not of a single run.
        df: its degrees of freedom.
    """

    variance: float = 0.0
    df: float = math.inf


@dataclass(frozen=True)
class Estimate:
    """An estimated difference.

    Attributes:
        value: the difference.
        error: its standard error; 0 if both sides are exact.
        df: degrees of freedom of the error.
    """

    value: float
    error: float
    df: float

    @property
    def margin(self) -> float:
        """Half-width of the 90 % interval, whose ends are the limits of two one-sided tests at 5 %."""
        return float(stdtrit(self.df, 1 - LEVEL)) * self.error if self.error else 0.0


def make_estimate(value: float, *parts: Part) -> Estimate:
    """Return a difference with the error of its independent parts; degrees of freedom by Welch and Satterthwaite."""
    variance = sum(part.variance for part in parts)
    if not variance:
        return Estimate(value, 0.0, math.inf)
    # shares first: squares of tiny variances would be 0
    inverse = sum((part.variance / variance) ** 2 / part.df for part in parts)
    return Estimate(value, math.sqrt(variance), 1 / inverse if inverse else math.inf)


def compute_equivalence_p(estimate: Estimate, limit: float) -> float:
    """Compute the p-value of the hypothesis that the true difference is ``limit`` or more, in either direction."""
    if not estimate.error:
        return 0.0 if abs(estimate.value) <= limit else 1.0
    return float(stdtr(estimate.df, (abs(estimate.value) - limit) / estimate.error))


def compute_exceedance_p(estimate: Estimate, limit: float) -> float:
    """Compute the p-value of the hypothesis that the true difference is at most ``limit``, in either direction."""
    if not estimate.error:
        return 0.0 if abs(estimate.value) > limit else 1.0
    ends = ((-abs(estimate.value) + side) / estimate.error for side in (limit, -limit))
    return min(1.0, sum(float(stdtr(estimate.df, end)) for end in ends))


def compute_direction_p(estimate: Estimate) -> float:
    """Compute the p-value of the hypothesis that the true difference is 0 or below."""
    if not estimate.error:
        return 0.0 if estimate.value > 0 else 1.0
    return float(stdtr(estimate.df, -estimate.value / estimate.error))


def adjust_by_holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted so that their family has the level of one test (Holm 1979)."""
    adjusted, largest = [1.0] * len(p_values), 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted
