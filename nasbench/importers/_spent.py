"""Seconds and energy of trainings: what a table keeps is what was spent so far, whatever the file counts.

A file may hold the seconds of each epoch alone, or those since the training began. The first are summed up where the
mapping says ``per = "epoch"``; the second never fall, and a column that does is refused.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.errors import SourceError
from nasbench.importers._cells import Cells
from nasbench.importers._mapping import SPENT
from nasbench.importers._units import UNITS
from nasbench.table._falls import first_fall

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


def so_far(cells: Cells, spent: Spent, values: Floats, seeds: Ints, epochs: Ints, rows: Ints) -> Floats:
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
    if (fall := first_fall(values)) is not None:
        arch, seed, before, after = fall[:4]
        raise cells.wrong(
            int(rows[arch, seed, after]),
            spent.column,
            f"{values[arch, seed, after]:g} at epoch {epochs[after]} follows {values[arch, seed, before]:g} at epoch "
            f"{epochs[before]} in row {rows[arch, seed, before] + 1}, of the same architecture and seed {seeds[seed]} "
            f"({fall.n} such): {_QUESTION}",
        )
    return values


def agreed(cells: Cells, path: Sequence[str], said: Sequence[Spent]) -> Spent:
    """Return the one thing that several columns say which make one column of the table.

    Raises:
        SourceError: they differ in ``per``.
    """
    if len({one.per for one in said}) > 1:
        columns = ", ".join(f"'{one.column}' ({one.per or 'nothing'})" for one in said)
        raise SourceError(f"{cells.file}: columns {columns} make {'/'.join(path)} but say another per")
    return said[0]
