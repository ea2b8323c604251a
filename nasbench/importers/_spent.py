"""Seconds and energy of trainings: what a table keeps is what was spent so far, whatever the file counts.

A file may hold the seconds of each epoch alone, or those since the training began. The first are summed up where the
mapping says ``per = "epoch"``; the second never fall, and a column that does is refused. Where the mapping says
nothing, a column that hardly grows is asked about: where epochs take about as long as each other, the first stays as it
is, and the second grows in proportion.
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
    "what is spent so far cannot fall. Does a cell hold what one epoch took? Then say per = 'epoch', and it is summed "
    "up; for what each answer takes, such as a validation, per = 'answer' keeps it as it is"
)


class Spent(NamedTuple):
    """What a column says of what was spent.

    Attributes:
        column: of the file.
        unit: of the mapping.
        per: of the mapping; empty where it says nothing.
    """

    column: str
    unit: str
    per: str


def accumulate_spent(cells: TextCells, spent: Spent, values: Floats, seeds: Ints, epochs: Ints, rows: Ints) -> Floats:
    """Return ``values`` [n, s, t] as what was spent from a training's start to each epoch; others as they are.

    Args:
        cells: the file.
        spent: what is known of the column.
        values: nan where missing.
        seeds: [s] labels.
        epochs: [t] rising.
        rows: [n, s, t] row of the file that each value is from, counted from 0; -1 where there is none.

    Raises:
        SourceError: values of single epochs without the first one or with epochs left out, or a sum that falls.
    """
    if UNITS[spent.unit].unit not in SPENT or spent.per == "answer":
        return values
    if spent.per == "epoch":
        if not np.array_equal(epochs, np.arange(1, len(epochs) + 1)):
            shown = ", ".join(map(str, epochs[:8].tolist())) + (" ..." if len(epochs) > 8 else "")
            raise SourceError(
                f"{cells.file}: column '{spent.column}' is per = 'epoch', but holds epochs {shown} alone: what the "
                "others took is unknown; map every epoch from the first one, or a column of what was spent in total"
            )
        return np.cumsum(values, axis=2)  # from a gap on, nobody knows the sum
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
            f"{cells.file}: column '{spent.column}' hardly grows: of the median training, epoch {epochs[-1]} has "
            f"{grown.factor:.3g} times as much as epoch {epochs[0]}. Does a cell hold what one epoch took, or all so "
            "far? Say per = 'epoch' or per = 'total' (or 'answer', for what each answer takes, such as a validation)"
        )
    return values


class _Growth(NamedTuple):
    """How much the median training's values grow: by which factor, and as a share of growth in proportion, by logs."""

    factor: float
    share: float


def _compare_ends(values: Floats, epochs: Ints) -> _Growth | None:
    """Compare the first with the last of ``values`` [n, s, t] that were measured; None where nothing can be."""
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
    """Return the one thing that several columns say which make one column of the table.

    Raises:
        SourceError: they differ in ``per``.
    """
    if len({one.per for one in said}) > 1:
        columns = ", ".join(f"'{one.column}' ({one.per or 'nothing'})" for one in said)
        raise SourceError(f"{cells.file}: columns {columns} make {'/'.join(path)} but say another per")
    return said[0]
