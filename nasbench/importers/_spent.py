"""Seconds and energy of training runs: a table keeps the total since the start, whatever the file holds.

A file may hold the seconds of each single epoch, or the seconds since the training run began. With ``per = "epoch"`` in
the mapping, single epochs are summed up. Totals never decrease: the importer refuses a column that does. If the mapping
does not say, the importer asks about a column that hardly grows: as epochs take about the same time, seconds of single
epochs stay constant, while totals grow in proportion to the epoch.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.errors import SourceError
from nasbench.importers._cells import TextCells
from nasbench.importers._mapping import SPENT
from nasbench.importers._units import UNITS
from nasbench.table.falls import find_first_fall

_QUESTION = (
    "a total cannot decrease. If a cell holds the cost of one epoch, say per = 'epoch' to sum up; if it holds the cost "
    "of one answer, such as a validation, say per = 'answer' to keep it as it is"
)


class Spent(NamedTuple):
    """The declaration of a column of seconds or energy.

    Attributes:
        column: name of the column in the file.
        unit: unit in the mapping.
        per: ``per`` in the mapping; empty if it is not given.
    """

    column: str
    unit: str
    per: str


def accumulate_spent(cells: TextCells, spent: Spent, values: Floats, seeds: Ints, epochs: Ints, rows: Ints) -> Floats:
    """Return ``values`` [n, s, t] as totals from the start of a training run to each epoch; other units unchanged.

    Args:
        cells: the file's cells, for error messages.
        spent: the declaration of the column.
        values: [n, s, t], nan where missing.
        seeds: [s] labels.
        epochs: [t] in rising order.
        rows: [n, s, t] row of the file that holds each value, counted from 0; -1 where there is none.

    Raises:
        SourceError: seconds of single epochs lack the first epoch or a later one, or a total decreases.
    """
    if UNITS[spent.unit].unit not in SPENT or spent.per == "answer":
        return values
    if spent.per == "epoch":
        if not np.array_equal(epochs, np.arange(1, len(epochs) + 1)):
            shown = ", ".join(map(str, epochs[:8].tolist())) + (" ..." if len(epochs) > 8 else "")
            raise SourceError(
                f"{cells.file}: column '{spent.column}' has per = 'epoch', but holds only epochs {shown}: the cost of "
                "the others is unknown; map every epoch from the first one, or a column of totals"
            )
        return np.cumsum(values, axis=2)  # after a gap the sum is unknown (nan)
    if (fall := find_first_fall(values)) is not None:
        arch, seed, before, after = fall[:4]
        raise cells.make_error(
            int(rows[arch, seed, after]),
            spent.column,
            f"{values[arch, seed, after]:g} at epoch {epochs[after]} follows {values[arch, seed, before]:g} at epoch "
            f"{epochs[before]} in row {rows[arch, seed, before] + 1}, of the same architecture and seed {seeds[seed]} "
            f"({fall.n} such): {_QUESTION}",
        )
    if not spent.per and (grown := _compare_ends(values, epochs)) is not None and grown.share < 0.5:
        raise SourceError(
            f"{cells.file}: column '{spent.column}' hardly grows: in the median training run, epoch {epochs[-1]} has "
            f"{grown.factor:.3g} times the value of epoch {epochs[0]}. Does a cell hold the cost of one epoch, or the "
            "total so far? Say per = 'epoch' or per = 'total' (or 'answer', for the cost of each answer, such as a "
            "validation)"
        )
    return values


class _Growth(NamedTuple):
    """Growth of the median training run: its factor, and log(factor) as a share of proportional growth's log."""

    factor: float
    share: float


def _compare_ends(values: Floats, epochs: Ints) -> _Growth | None:
    """Compare the first with the last measured value of each curve in ``values`` [n, s, t]; None if there are none."""
    curves = values.reshape(-1, len(epochs))
    known = ~np.isnan(curves)
    curves, known = curves[known.sum(axis=1) > 1], known[known.sum(axis=1) > 1]
    first, last = known.argmax(axis=1), len(epochs) - 1 - known[:, ::-1].argmax(axis=1)
    rows = np.arange(len(curves))
    start, end = curves[rows, first], curves[rows, last]
    kept = start > 0
    if not kept.any():
        return None
    factors = end[kept] / start[kept]
    shares = np.log(factors) / np.log(epochs[last[kept]] / epochs[first[kept]])
    return _Growth(float(np.median(factors)), float(np.median(shares)))


def require_agreement(cells: TextCells, path: Sequence[str], said: Sequence[Spent]) -> Spent:
    """Return the common declaration of several columns that form one column of the table.

    Raises:
        SourceError: they differ in ``per``.
    """
    if len({one.per for one in said}) > 1:
        columns = ", ".join(f"'{one.column}' ({one.per or 'nothing'})" for one in said)
        raise SourceError(f"{cells.file}: columns {columns} define {'/'.join(path)} but differ in per")
    return said[0]
