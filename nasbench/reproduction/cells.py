"""Verdicts on the cells of a row: within the tolerance, outside it, or undecided.

A cell is *within* if a test of equivalence finds the difference of the means inside the tolerance, and that of the
logarithms of the standard deviations as well, where they are compared. It is *outside* if one of the differences
exceeds its tolerance significantly; these p-values are Holm-corrected over all differences of the row, so that a row
whose cells all differ by exactly the tolerance is called outside in at most one case of twenty. Otherwise the cell is
*undecided*. The published mean has its own error, where the paper says its standard deviation and number of runs.

Fewer than ten runs decide nothing, nor do runs that are all equal. The error of a standard deviation follows from the
kurtosis of our runs, because searches fail rarely but by far: with a normal distribution's kurtosis, the standard
deviation of 500 runs of evolution would seem known to 6 %, but it is known to 12 %.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from nasbench.reproduction.samples import Sample
from nasbench.reproduction.schema import PublishedCell
from nasbench.statistics.equivalence import (
    ErrorPart,
    Estimate,
    compute_equivalence_p,
    compute_exceedance_p,
    make_error_part,
    make_estimate,
)
from nasbench.statistics.on_one_task import adjust_list_by_holm
from nasbench.statistics.ranking import ALPHA


class Fit(StrEnum):
    """The verdict on a cell."""

    WITHIN = "within"
    OUTSIDE = "outside"
    UNDECIDED = "undecided"
    SHOWN = "shown"


@dataclass(frozen=True)
class ComparedCell:
    """A published number and ours, and how they are compared.

    Attributes:
        published: the published number; None if the paper has none.
        ours: our number; None if we have none.
        tolerance: largest allowed difference of the means.
        std_ratio: largest allowed factor between the standard deviations; None if they are not compared.
        runs: number of runs behind the published mean; None if unknown: the number then counts as exact.
        judged: whether the cell may be judged at all.
    """

    published: PublishedCell | None
    ours: Sample | None
    tolerance: float
    std_ratio: float | None = None
    runs: int | None = None
    judged: bool = True


@dataclass(frozen=True)
class Judged:
    """A judged cell.

    Attributes:
        published: the published number; None if the paper has none.
        ours: our number; None if we have none.
        fit: the verdict on the cell.
        tolerance: largest allowed difference; None if either number is missing.
        difference: ours minus published; None if either is missing.
        standard_errors: difference in standard errors; None if both are exact or an error is unknown.
        p_within: p-value of the test of equivalence, the larger one if standard deviations are compared; None if the
            cell is not judged.
        p_outside: smallest p-value of the tests that a difference exceeds its tolerance, Holm-corrected over the row;
            None if the cell is not judged.
        runs: number of runs behind the published mean; None if unknown.
        why: the reason, if the cell is not within.
    """

    published: PublishedCell | None
    ours: Sample | None
    fit: Fit
    tolerance: float | None = None
    difference: float | None = None
    standard_errors: float | None = None
    p_within: float | None = None
    p_outside: float | None = None
    runs: int | None = None
    why: str = ""


@dataclass(frozen=True)
class _Comparison:
    """A difference and its tolerance: of the means, or of the logarithms of the standard deviations."""

    is_mean: bool
    estimate: Estimate
    limit: float
    published: ErrorPart

    def explain(self, *, outside: bool) -> str:
        """Say how far apart the two numbers are, and whose runs are too few to decide."""
        value, limit, error = self.estimate.value, self.limit, self.estimate.error
        if self.is_mean:
            found, known, allowed = f"mean off by {value:+.3g}", f"{error:.2g}", f"up to {limit:.3g} allowed"
        else:
            found, known = f"standard deviation {math.exp(value):.2f} times the published", f"{100 * error:.0f} %"
            allowed = f"{math.exp(-limit):.3g} to {math.exp(limit):.3g} allowed"
        if outside:
            return f"{found}, {allowed}"
        published = make_estimate(0.0, self.published)
        # too near to the limit for the published runs, whatever the number of ours
        near = abs(abs(value) - limit) < published.margin
        few = "published runs" if near or math.isclose(published.error, error) else "runs"
        return f"{found} (se {known}), {allowed}; too few {few} to be sure"


def judge_cells(cells: Mapping[str, ComparedCell]) -> dict[str, Judged]:
    """Judge the cells of a row together; the tests that a difference exceeds its tolerance form one family."""
    comparisons = {name: list(_compare(cell)) for name, cell in cells.items()}
    family = [comparison for found in comparisons.values() for comparison in found]
    corrected = iter(_correct_family(family))
    return {
        name: _conclude(cell, comparisons[name], [next(corrected) for _ in comparisons[name]])
        for name, cell in cells.items()
    }


def _correct_family(family: Sequence[_Comparison]) -> list[float]:
    """Return Holm-corrected p-values of being outside; exact differences are right or wrong and need no correction."""
    p_values = np.array([compute_exceedance_p(one.estimate, one.limit) for one in family])
    sampled = np.array([one.estimate.error > 0 for one in family], dtype=bool)
    p_values[sampled] = adjust_list_by_holm(p_values[sampled])
    return [float(p) for p in p_values]


def _conclude(cell: ComparedCell, comparisons: Sequence[_Comparison], p_outside: Sequence[float]) -> Judged:
    """Return the verdict on a cell whose differences have these corrected p-values of being outside."""
    shown = _show(cell)
    if not comparisons:
        undecided = cell.judged and cell.ours is not None and cell.published is not None
        return replace(shown, fit=Fit.UNDECIDED, why=cell.ours.gap) if undecided and cell.ours else shown
    p_within = [compute_equivalence_p(comparison.estimate, comparison.limit) for comparison in comparisons]
    found = replace(shown, p_within=max(p_within), p_outside=min(p_outside))
    if min(p_outside) <= ALPHA:
        worst = comparisons[p_outside.index(min(p_outside))]
        return replace(found, fit=Fit.OUTSIDE, why=worst.explain(outside=True))
    if max(p_within) <= ALPHA:
        return replace(found, fit=Fit.WITHIN)
    missed = [one for one, p in zip(comparisons, p_within, strict=True) if p > ALPHA]
    return replace(found, fit=Fit.UNDECIDED, why="; ".join(one.explain(outside=False) for one in missed))


def _show(cell: ComparedCell) -> Judged:
    """Return a cell as it is shown where it is not judged."""
    published, ours = cell.published, cell.ours
    if published is None or ours is None:
        return Judged(published, ours, Fit.SHOWN)
    difference = ours.mean - published.mean
    error = math.inf if ours.gap else _estimate_means(published, ours, cell.runs).error
    in_errors = difference / error if 0 < error < math.inf else None
    return Judged(published, ours, Fit.SHOWN, cell.tolerance, difference, in_errors, runs=cell.runs)


def _estimate_means(published: PublishedCell, ours: Sample, runs: int | None) -> Estimate:
    # the published runs are assumed to be distributed like ours
    theirs = make_error_part(published.std or 0.0, runs or math.inf, -ours.skewness)
    return make_estimate(ours.mean - published.mean, measure_own(ours), theirs)


def measure_own(ours: Sample) -> ErrorPart:
    """Return the share of our runs in the error of a difference of means."""
    return ErrorPart() if ours.std is None else make_error_part(ours.std, ours.n, ours.skewness, known=False)


def _compare(cell: ComparedCell) -> Iterator[_Comparison]:
    """Yield the differences on which the verdict on a cell rests; none if it is not judged or cannot be."""
    published, ours, runs = cell.published, cell.ours, cell.runs
    if not cell.judged or published is None or ours is None or ours.gap:
        return
    theirs = make_error_part(published.std or 0.0, runs or math.inf)
    yield _Comparison(True, _estimate_means(published, ours, runs), cell.tolerance, theirs)
    if cell.std_ratio is None or not published.std or ours.std is None:
        return
    theirs = _measure_log_std(ours.kurtosis, runs or math.inf)  # published runs are assumed to be distributed like ours
    estimate = Estimate(-math.inf)  # an exact number without variation
    if ours.std:
        ratio = ours.std * _remove_bias(ours.n) / (published.std * _remove_bias(runs or math.inf))
        estimate = make_estimate(math.log(ratio), _measure_log_std(ours.kurtosis, ours.n), theirs)
    yield _Comparison(False, estimate, math.log(cell.std_ratio), theirs)


def _remove_bias(n: float) -> float:
    """Return the factor from a standard deviation with n in the denominator to one with n - 1."""
    return math.sqrt(n / (n - 1)) if 1 < n < math.inf else 1.0


def _measure_log_std(kurtosis: float, n: float) -> ErrorPart:
    """Return the variance of the logarithm of a standard deviation of ``n`` runs (Bonett 2006).

    Runs that miss the tail of their distribution have both a small standard deviation and a small kurtosis. The error
    of the third cumulant is therefore the coefficient of variation of the squared runs; by simulation, it keeps the
    level of "outside" for a kurtosis of 3 to 15.
    """
    if not 1 < n < math.inf:
        return ErrorPart()
    variance = (kurtosis - (n - 3) / n) / (4 * (n - 1))
    return ErrorPart(variance, n - 1, 0.0, math.sqrt((kurtosis - 1) / n) * variance**1.5)
