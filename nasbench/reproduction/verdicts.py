"""Verdicts on rows and tables.

A row is reproduced if all its judged cells are within their tolerances (see ``cells``). If one is outside, the row may
still have the same place among the other rows of its kind as in the paper: this is "in ordering only". (Kendall's and
Spearman's correlations are of two kinds.) It needs each order that the paper establishes between this row and another
to hold significantly in our runs; as all of them have to hold, each is tested at the full level. A row whose order is
reversed (Holm-corrected over its pairs) or undecided is not reproduced.

A table is as good as its worst judged row. It cannot be judged if fewer than half of its comparable rows are, and it is
not called reproduced before the rows that the paper is about are judged.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from nasbench.reproduction.cells import ComparedCell, Fit, Judged, judge_cells, measure_own
from nasbench.reproduction.samples import Sample
from nasbench.reproduction.schema import COMPUTED, Published, PublishedCell, Row
from nasbench.statistics.equivalence import ErrorPart, compute_direction_p, make_error_part, make_estimate
from nasbench.statistics.on_one_task import adjust_list_by_holm
from nasbench.statistics.ranking import ALPHA


class ClaimVerdict(StrEnum):
    """The verdict on a row or a table, best first."""

    REPRODUCED = "reproduced"
    ORDERING = "reproduced in ordering only"
    NOT = "not reproduced"
    NONE = "cannot be judged"


@dataclass(frozen=True)
class JudgedRow:
    """A judged row: its cells by column, its verdict, the reason, and whether it has cells that may be judged."""

    row: Row
    cells: Mapping[str, Judged]
    verdict: ClaimVerdict
    why: str = ""
    comparable: bool = True


@dataclass(frozen=True)
class JudgedTable:
    """A judged table.

    Attributes:
        rows: in the order of the table.
        verdict: on the table.
        why: why the table cannot be judged although some rows are; empty otherwise.
    """

    rows: Sequence[JudgedRow]
    verdict: ClaimVerdict
    why: str = ""

    @property
    def n_comparable(self) -> int:
        """Number of rows with a published number that is verified and not our own calculation."""
        return sum(row.comparable for row in self.rows)

    @property
    def judged(self) -> list[ClaimVerdict]:
        """The verdicts on the rows that have one."""
        return [row.verdict for row in self.rows if row.verdict is not ClaimVerdict.NONE]

    @property
    def worst(self) -> ClaimVerdict:
        """The verdict on the worst judged row; "cannot be judged" if no row is."""
        return max(self.judged, key=list(ClaimVerdict).index, default=ClaimVerdict.NONE)


def judge_row(
    row: Row, cells: Mapping[str, Judged], others: Mapping[str, Mapping[str, Judged]], *, comparable: bool = True
) -> JudgedRow:
    """Judge a row by its cells and, if one is outside, by its place among other rows.

    Args:
        row: the row.
        cells: its judged cells, by column.
        others: the judged cells of the other rows of its kind, by label.
        comparable: whether the row has cells that may be judged.
    """
    fits = {cell.fit for cell in cells.values()} - {Fit.SHOWN}
    if not fits:
        return JudgedRow(row, cells, ClaimVerdict.NONE, _explain_no_verdict(row, cells), comparable)
    if Fit.OUTSIDE in fits:
        outside = _list_reasons(cells, Fit.OUTSIDE)
        kept, order = _judge_order(cells, others)
        verdict = ClaimVerdict.ORDERING if kept else ClaimVerdict.NOT
        return JudgedRow(row, cells, verdict, f"{order}; {outside}", comparable)
    if Fit.UNDECIDED in fits:
        return JudgedRow(row, cells, ClaimVerdict.NONE, _list_reasons(cells, Fit.UNDECIDED), comparable)
    return JudgedRow(row, cells, ClaimVerdict.REPRODUCED, "", comparable)


def _explain_no_verdict(row: Row, cells: Mapping[str, Judged]) -> str:
    if not any(cell.ours for cell in cells.values()):
        return row.note
    if not row.published:
        return "nothing comparable was published"
    own = "our own calculation on both sides"
    return f"only shown: {own if row.provenance == COMPUTED else 'the published numbers are unverified'}"


def _list_reasons(cells: Mapping[str, Judged], fit: Fit) -> str:
    """Return the reasons of the cells with this verdict; columns that share a reason are listed before it."""
    columns: dict[str, list[str]] = {}
    for name, cell in cells.items():
        if cell.fit is fit:
            columns.setdefault(cell.why, []).append(name)
    return "; ".join(f"{', '.join(names)}: {why}" for why, names in columns.items())


@dataclass(frozen=True)
class _Order:
    """A published order between a row and another one in a column, and our p-values.

    Attributes:
        place: the order as published, in words.
        p_kept: p-value of the hypothesis that our rows are equal or in the opposite order; 1 if it cannot be tested.
        p_reversed: p-value of the hypothesis that our rows are equal or in the published order.
    """

    place: str
    p_kept: float
    p_reversed: float


def _judge_order(cells: Mapping[str, Judged], others: Mapping[str, Mapping[str, Judged]]) -> tuple[bool, str]:
    """Return whether a row is above and below the same other rows as published, in every column, and the reason."""
    orders = [
        order
        for label, theirs in others.items()
        for name, mine in cells.items()
        if name in theirs and (order := _compare_rows(name, mine, label, theirs[name]))
    ]
    if not orders:
        return False, "no published order to keep"
    broken = adjust_list_by_holm(np.array([order.p_reversed for order in orders]))
    reversed_ones = [order.place for order, p in zip(orders, broken, strict=True) if p <= ALPHA]
    if reversed_ones:
        return False, f"order reversed: {_list_some(reversed_ones)}"
    undecided = [order.place for order in orders if order.p_kept > ALPHA]
    if undecided:
        return False, f"order undecided: {_list_some(undecided)}"
    return True, f"in the published order ({len(orders)} comparison{'s' * (len(orders) > 1)})"


def _list_some(places: Sequence[str]) -> str:
    return places[0] + (f" and {len(places) - 1} more" if len(places) > 1 else "")


def _compare_rows(column: str, mine: Judged, label: str, other: Judged) -> _Order | None:
    """Compare two rows in a column; None if either is only shown, or if the paper establishes no order there."""
    if Fit.SHOWN in (mine.fit, other.fit):
        return None
    if mine.published is None or other.published is None or mine.ours is None or other.ours is None:
        return None
    parts = [_bound_published(cell.published, cell.runs) for cell in (mine, other) if cell.published]
    published = make_estimate(mine.published.mean - other.published.mean, *parts)
    if abs(published.value) <= published.margin:
        return None
    sign = math.copysign(1.0, published.value)
    place = f"{column} {'above' if sign > 0 else 'below'} {label}"
    if mine.ours.gap or other.ours.gap:
        return _Order(place, 1.0, 1.0)
    own, theirs = measure_own(mine.ours), measure_own(other.ours)
    distance = make_estimate(mine.ours.mean - other.ours.mean, own, theirs._replace(third=-theirs.third))
    distance = distance if sign > 0 else distance.mirrored
    return _Order(place, compute_direction_p(distance), compute_direction_p(distance.mirrored, cautious=True))


def _bound_published(cell: PublishedCell, runs: int | None) -> ErrorPart:
    """Return the error of a published mean; of an unknown number of runs, it is at most the standard deviation."""
    std = cell.std or 0.0
    return ErrorPart(std**2) if runs is None else make_error_part(std, runs)


def judge_table(published: Published, ours: Sequence[Mapping[str, Sample]]) -> JudgedTable:
    """Judge a table; ``ours`` holds our samples of each row, by column."""
    judged = {
        row.label: judge_cells(_make_cells(published, row, samples))
        for row, samples in zip(published.rows, ours, strict=True)
    }
    rows = [
        judge_row(
            row,
            judged[row.label],
            {other.label: judged[other.label] for other in published.rows if other is not row and row.is_like(other)},
            comparable=published.is_comparable(row),
        )
        for row in published.rows
    ]
    return judge_overall(rows, published.headline)


def _make_cells(published: Published, row: Row, samples: Mapping[str, Sample]) -> dict[str, ComparedCell]:
    tolerance = published.tolerance
    cells = {}
    for name in dict.fromkeys([*row.published, *samples]):
        cell = row.published.get(name)
        limit = tolerance.of(name, cell, published.rounding) if cell else 0.0
        if row.tolerance is not None:
            limit = max(row.tolerance, published.rounding)
        cells[name] = ComparedCell(
            cell,
            samples.get(name),
            limit,
            tolerance.std_ratio,
            row.runs or published.published_runs,
            published.judged(row, name),
        )
    return cells


def judge_overall(rows: Sequence[JudgedRow], headline: Sequence[str] = ()) -> JudgedTable:
    """Judge a table by its rows; ``headline`` holds the labels of the rows that the paper is about."""
    table = JudgedTable(rows, ClaimVerdict.NONE)
    if not table.n_comparable:
        return JudgedTable(
            rows, ClaimVerdict.NONE, "no published number is both verified and independent of our own calculations"
        )
    if 2 * len(table.judged) < table.n_comparable:
        return JudgedTable(rows, ClaimVerdict.NONE, "fewer than half of the rows could be judged")
    open_ones = [row.row.label for row in rows if row.verdict is ClaimVerdict.NONE and row.row.label in headline]
    if open_ones and table.worst is not ClaimVerdict.NOT:
        return JudgedTable(
            rows, ClaimVerdict.NONE, f"{_list_some(open_ones)}, which the paper is about, cannot be judged"
        )
    return JudgedTable(rows, table.worst)
