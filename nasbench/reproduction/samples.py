"""Our numbers: samples over runs, or exact values of a whole table."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from nasbench.arrays import Floats
from nasbench.choices import Choice
from nasbench.errors import NasbenchError
from nasbench.registry import Registry
from nasbench.statistics.intervals import LEAST_RUNS

NEEDS_TABLE, OTHER_TABLE, NEEDS_FILE = "needs table '", "table '", "needs file '"
"""How a reason begins if it is about a table or file that is missing or of another version."""


class CannotJudge(NasbenchError, LookupError):
    """Something that a claim needs is missing; the message says what, and how to get it."""


def explain_lacking(label: str, registry: Registry) -> str:
    """Explain why a component cannot be used; empty if it can."""
    name = Choice.parse(label).name
    if name not in registry.names() and ":" not in name:
        return f"no {registry.singular} '{name}' yet"
    try:
        Choice.parse(label).resolve(registry)
    except NasbenchError as error:
        return str(error)
    return ""


_NORMAL_KURTOSIS = 3.0
_ROUNDING = 1e-12
_SMALLEST = 1e-60  # the fourth power of a smaller number is 0


@dataclass(frozen=True)
class Sample:
    """Our counterpart of a published number, in the unit of the table.

    Attributes:
        mean: mean over runs, or the exact value.
        std: standard deviation (n in the denominator, as in the papers' code); None for a single value.
        n: number of runs; infinite for an exact value.
        values: [n] value of each run; None for an exact value.
        skewness: third standardised moment of the distribution of a run, 0 for a normal one.
        kurtosis: fourth standardised moment, 3 for a normal distribution.
    """

    mean: float
    std: float | None = None
    n: float = math.inf
    values: Floats | None = None
    skewness: float = 0.0
    kurtosis: float = _NORMAL_KURTOSIS

    @property
    def is_exact(self) -> bool:
        """Whether the number is that of a whole table or distribution, without an error of sampling."""
        return math.isinf(self.n)

    @property
    def gap(self) -> str:
        """Why the runs give no interval and no verdict; empty if they do."""
        if self.is_exact:
            return ""
        if self.n < LEAST_RUNS:
            return f"too few runs: {self.n:.0f}, and at least {LEAST_RUNS} are needed"
        return "" if self.std else f"all {self.n:.0f} runs have the same value, so their error is unknown"

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the mean by Student's t; None below ``LEAST_RUNS`` runs and for runs that are all equal."""
        if self.gap:
            return None
        error = 0.0 if self.is_exact or self.std is None else self.std / math.sqrt(self.n - 1)
        half = float(special.stdtrit(self.n - 1, 0.975)) * error
        return self.mean - half, self.mean + half


def sample_of(values: Floats) -> Sample:
    """Return values [n] of runs as a sample; a single run has no standard deviation."""
    values = np.asarray(values, dtype=np.float64)
    mean = float(values.mean())
    if len(values) < 2:
        return Sample(mean, None, len(values), values)
    if np.ptp(values) <= _ROUNDING * abs(mean) + _SMALLEST:  # equal but for rounding
        return Sample(mean, 0.0, len(values), values)
    skewness, kurtosis = _estimate_skewness(values), _estimate_kurtosis(values)
    return Sample(mean, float(values.std()), len(values), values, skewness, kurtosis)


def describe_distribution(values: Floats, weights: Floats) -> Sample:
    """Return the exact mean and moments of values [n] that have these probabilities [n]."""
    mean = float(weights @ values)
    variance = float(weights @ (values - mean) ** 2)
    if variance <= (_ROUNDING * abs(mean) + _SMALLEST) ** 2:
        return Sample(mean, 0.0)
    third, fourth = (float(weights @ (values - mean) ** power) for power in (3, 4))
    kurtosis = max(_NORMAL_KURTOSIS, fourth / variance**2)
    return Sample(mean, math.sqrt(variance), skewness=third / variance**1.5, kurtosis=kurtosis)


def _estimate_skewness(values: Floats) -> float:
    """Estimate the third standardised moment, without the bias of small normal samples (Fisher's G1)."""
    n = len(values)
    if n < 3:
        return 0.0
    off = values - values.mean()
    biased = float((off**3).mean() / (off**2).mean() ** 1.5)
    return biased * math.sqrt(n * (n - 1)) / (n - 2)


def _estimate_kurtosis(values: Floats) -> float:
    """Estimate the fourth standardised moment, at least the normal distribution's, since few runs hide tails.

    About the trimmed mean, which finds more of the tail of a skewed distribution than the mean does (Bonett 2006,
    Computational Statistics & Data Analysis 50).
    """
    n = len(values)
    cut = int(n / (2 * math.sqrt(n - 4))) if n > LEAST_RUNS else 0
    center = np.sort(values)[cut : n - cut].mean()
    variance = float(((values - values.mean()) ** 2).mean())
    return max(_NORMAL_KURTOSIS, float(((values - center) ** 4).mean()) / variance**2)
