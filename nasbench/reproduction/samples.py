"""Numbers of ours: samples over runs, or exact values of a whole table."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from nasbench.arrays import Floats
from nasbench.choices import Choice
from nasbench.errors import NasbenchError
from nasbench.registry import Registry

NEEDS_TABLE, OTHER_TABLE, NEEDS_FILE = "needs table '", "table '", "needs file '"
"""How a reason begins that is about a table or file which is not there, or is another version."""


class CannotJudge(NasbenchError, LookupError):
    """Something that a claim needs is not there; the message says what, and how to get it."""


def explain_lacking(label: str, registry: Registry) -> str:
    """Return why a component cannot be used; empty if it can."""
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
    """Ours beside a published number, in the unit of the table.

    Attributes:
        mean: over runs, or the exact value.
        std: standard deviation (n in the denominator, as the papers' code has it); None where one value is all.
        n: runs; infinite for an exact value.
        values: [n] one for each run, where there are runs.
    """

    mean: float
    std: float | None = None
    n: float = math.inf
    values: Floats | None = None

    @property
    def standard_error(self) -> float:
        """Of the mean; 0 for an exact value, infinite for one run."""
        if math.isinf(self.n):
            return 0.0
        if self.std is None or self.n < 2:
            return math.inf
        return self.std / math.sqrt(self.n - 1)

    @property
    def kurtosis(self) -> float:
        """Fourth standardised moment of the runs, and never less than a normal's, which few runs hide: 3."""
        if self.values is None or not self.std:
            return 3.0
        return max(3.0, float((((self.values - self.mean) / self.std) ** 4).mean()))

    @property
    def quantile(self) -> float:
        """Half a 95 % interval in standard errors: Student's, since few runs know their own deviation badly."""
        return float(stats.t.ppf(0.975, self.n - 1)) if 1 < self.n < math.inf else 1.96

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean."""
        half = self.quantile * self.standard_error
        return self.mean - half, self.mean + half


def sample_of(values: Floats) -> Sample:
    """Return runs [n] as a sample; one has no deviation."""
    std = float(values.std()) if len(values) > 1 else None
    return Sample(float(values.mean()), std, len(values), np.asarray(values, dtype=np.float64))
