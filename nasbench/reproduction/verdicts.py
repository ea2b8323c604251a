"""Verdicts: whether our numbers agree with the published ones, within a tolerance decided beforehand.

A cell is *within* if both its difference and half of its 95 % interval are within the tolerance, so that there are
enough runs to say so. It is *outside* if even the near end of the interval is beyond the tolerance. Otherwise it is
*undecided*, and more runs are needed. Standard deviations are compared in the same way, on the logarithmic scale. The
uncertainty of a standard deviation follows from the kurtosis of our runs, because searches fail rarely but by far: with
a normal distribution's kurtosis, the standard deviation of 500 runs of evolution would seem known to 6 %, but it is
known to 12 %. A row is reproduced if all its cells are within. If one is outside, the row may still have the same place
among the other rows as in the paper: this is "in ordering only". A table is as good as its worst judged row.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from nasbench.reproduction.samples import Sample
from nasbench.reproduction.schema import Published, PublishedCell, Row, Tolerance

_Z = 1.96


class ClaimVerdict(StrEnum):
    """The verdict on a row or a table, best first."""

    REPRODUCED = "reproduced"
    ORDERING = "reproduced in ordering only"
    NOT = "not reproduced"
    NONE = "cannot be judged"


class Fit(StrEnum):
    """The verdict on a cell."""

    WITHIN = "within"
    OUTSIDE = "outside"
    UNDECIDED = "undecided"
    SHOWN = "shown"


@dataclass(frozen=True)
class Judged:
    """A judged cell.

    Attributes:
        published: the published number; None if the paper has none.
        ours: our number; None if we have none.
        tolerance: largest allowed difference.
        difference: ours minus published; None if either is missing.
        standard_errors: difference in standard errors; None if both are exact or an error is unknown.
        fit: the verdict on the cell.
        why: the reason, if the cell is not within.
    """

    published: PublishedCell | None
    ours: Sample | None
    tolerance: float | None
    difference: float | None
    standard_errors: float | None
    fit: Fit
    why: str = ""


def judge_cell(
    cell: PublishedCell | None,
    ours: Sample | None,
    tolerance: float,
    *,
    std_ratio: float | None,
    runs: int | None,
    judged: bool,
) -> Judged:
    """Judge one cell.

    Args:
        cell: the published number.
        ours: our number.
        tolerance: largest allowed difference.
        std_ratio: largest allowed factor between the standard deviations; None if they are not compared.
        runs: number of runs behind the published mean; None if unknown: the number then counts as exact.
        judged: whether the cell may be judged at all.
    """
    if cell is None or ours is None:
        return Judged(cell, ours, None, None, None, Fit.SHOWN)
    difference = ours.mean - cell.mean
    theirs = (cell.std or 0.0) / math.sqrt(runs - 1) if runs and runs > 1 else 0.0
    error = math.hypot(ours.standard_error, theirs)
    in_errors = difference / error if 0 < error < math.inf else None
    fit, why = _is_within(abs(difference), tolerance, ours.quantile * error, "the mean")
    if fit is Fit.WITHIN and std_ratio is not None and cell.std and ours.std is not None:
        fit, why = _is_std_within(cell.std, ours, std_ratio, runs)
    return Judged(cell, ours, tolerance, difference, in_errors, fit if judged else Fit.SHOWN, why if judged else "")


def _is_within(distance: float, tolerance: float, half: float, what: str) -> tuple[Fit, str]:
    """Return whether a distance, known up to half an interval ``half``, is within a tolerance."""
    if distance <= tolerance and half <= tolerance:
        return Fit.WITHIN, ""
    if distance - half > tolerance:
        return Fit.OUTSIDE, f"{what} differs by {distance:.3g}, more than {tolerance:.3g}"
    if half > tolerance:
        return Fit.UNDECIDED, f"too few runs: {what} is known to ±{half:.3g}, the tolerance is {tolerance:.3g}"
    return (
        Fit.UNDECIDED,
        f"{what} differs by {distance:.3g} ±{half:.3g}, the tolerance is {tolerance:.3g}: more runs are needed",
    )


def _is_std_within(published: float, ours: Sample, ratio: float, runs: int | None) -> tuple[Fit, str]:
    if not ours.std:
        return Fit.OUTSIDE, "ours does not vary"
    # variance of the logarithm of a standard deviation; the published runs are assumed to be distributed like ours
    variance = sum((ours.kurtosis - 1) / (4 * (n - 1)) for n in (ours.n, runs or math.inf) if n > 1)
    half = math.inf if ours.n < 2 else _Z * math.sqrt(variance)
    fit, _ = _is_within(abs(math.log(ours.std / published)), math.log(ratio), half, "")
    if fit is Fit.WITHIN:
        return fit, ""
    found = f"the standard deviation is {ours.std / published:.2f} times the published"
    more = "" if fit is Fit.OUTSIDE else ", and the runs are too few to decide"
    return fit, f"{found}, the tolerance is a factor of {ratio:g}{more}"


@dataclass(frozen=True)
class JudgedRow:
    """A judged row: its cells by column, its verdict and the reason."""

    row: Row
    cells: Mapping[str, Judged]
    verdict: ClaimVerdict
    why: str = ""


def judge_row(row: Row, cells: Mapping[str, Judged], others: Sequence[Mapping[str, Judged]]) -> JudgedRow:
    """Judge a row by its cells and, if one is outside, by its place among ``others``."""
    fits = {name: cell.fit for name, cell in cells.items() if cell.fit is not Fit.SHOWN}
    if not fits:
        return JudgedRow(row, cells, ClaimVerdict.NONE, _explain_no_verdict(row, cells))
    reasons = "; ".join(f"{name}: {cell.why}" for name, cell in cells.items() if cell.why)
    if Fit.OUTSIDE in fits.values():
        placed = _is_in_order(cells, others)
        return JudgedRow(row, cells, ClaimVerdict.ORDERING if placed else ClaimVerdict.NOT, reasons)
    if Fit.UNDECIDED in fits.values():
        return JudgedRow(row, cells, ClaimVerdict.NONE, reasons)
    return JudgedRow(row, cells, ClaimVerdict.REPRODUCED)


def _explain_no_verdict(row: Row, cells: Mapping[str, Judged]) -> str:
    if not any(cell.ours for cell in cells.values()):
        return row.note
    return "the published numbers are unverified" if row.published else "nothing comparable was published"


def _is_in_order(cells: Mapping[str, Judged], others: Sequence[Mapping[str, Judged]]) -> bool:
    """Whether a row is above and below the same other rows as published, in every column; False without other rows."""
    pairs = [
        (mine, theirs[name])
        for theirs in others
        for name, mine in cells.items()
        if name in theirs and Fit.SHOWN not in (mine.fit, theirs[name].fit)
    ]
    signs = [_compare_rows(mine, other) for mine, other in pairs]
    ordered = [(published, ours) for published, ours in signs if published]
    return bool(ordered) and all(published == ours for published, ours in ordered)


def _compare_rows(mine: Judged, other: Judged) -> tuple[int, int]:
    """Return which of two rows is higher, as published and by our numbers: 1, -1, or 0 for equal."""
    published = _average(mine.published) - _average(other.published)
    ours = _average(mine.ours) - _average(other.ours)
    return (published > 0) - (published < 0), (ours > 0) - (ours < 0)


def _average(value: PublishedCell | Sample | None) -> float:
    return math.nan if value is None else value.mean  # never None here: cells that are only shown were left out


def judge_table(published: Published, ours: Sequence[Mapping[str, Sample]]) -> list[JudgedRow]:
    """Judge every row; ``ours`` holds our samples of each row, by column."""
    judged = [_judge_cells(published, row, samples) for row, samples in zip(published.rows, ours, strict=True)]
    return [
        judge_row(row, cells, [other for other in judged if other is not cells])
        for row, cells in zip(published.rows, judged, strict=True)
    ]


def _judge_cells(published: Published, row: Row, samples: Mapping[str, Sample]) -> dict[str, Judged]:
    tolerance: Tolerance = published.tolerance
    names = list(dict.fromkeys([*row.published, *samples]))
    cells = {}
    for name in names:
        cell = row.published.get(name)
        limit = tolerance.of(name, cell, published.rounding) if cell else 0.0
        if row.tolerance is not None:
            limit = max(row.tolerance, published.rounding)
        cells[name] = judge_cell(
            cell,
            samples.get(name),
            limit,
            std_ratio=tolerance.std_ratio,
            runs=row.runs or published.published_runs,
            judged=published.judged(row, name),
        )
    return cells


def judge_overall(rows: Sequence[JudgedRow]) -> ClaimVerdict:
    """Return the verdict on a table: that of its worst judged row."""
    order = list(ClaimVerdict)
    known = [row.verdict for row in rows if row.verdict is not ClaimVerdict.NONE]
    return max(known, key=order.index) if known else ClaimVerdict.NONE
