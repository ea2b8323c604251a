"""Our numbers: samples over runs, or exact values of a whole table."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from nasbench.arrays import Floats
from nasbench.choices import Choice
from nasbench.errors import NasbenchError
from nasbench.registry import Registry

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


@dataclass(frozen=True)
class Sample:
    """Our counterpart of a published number, in the unit of the table.

    Attributes:
        mean: mean over runs, or the exact value.
        std: standard deviation (n in the denominator, as in the papers' code); None for a single value.
        n: number of runs; infinite for an exact value.
        values: [n] value of each run; None for an exact value.
    """

    mean: float
    std: float | None = None
    n: float = math.inf
    values: Floats | None = None

    @property
    def standard_error(self) -> float:
        """Standard error of the mean; 0 for an exact value, infinite for one run."""
        if math.isinf(self.n):
            return 0.0
        if self.std is None or self.n < 2:
            return math.inf
        return self.std / math.sqrt(self.n - 1)

    @property
    def kurtosis(self) -> float:
        """Fourth standardised moment of the runs, at least the normal distribution's 3, since few runs hide tails."""
        if self.values is None or not self.std:
            return 3.0
        return max(3.0, float((((self.values - self.mean) / self.std) ** 4).mean()))

    @property
    def quantile(self) -> float:
        """Half-width of the 95 % interval in standard errors: Student's t, as few runs estimate the deviation badly."""
        return float(stats.t.ppf(0.975, self.n - 1)) if 1 < self.n < math.inf else 1.96

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean."""
        half = self.quantile * self.standard_error
        return self.mean - half, self.mean + half


def sample_of(values: Floats) -> Sample:
    """Return values [n] of runs as a sample; a single run has no standard deviation."""
    std = float(values.std()) if len(values) > 1 else None
    return Sample(float(values.mean()), std, len(values), np.asarray(values, dtype=np.float64))
