"""Coverage of a column: which training runs are complete, which crashed, and whether their seconds are consistent.

A training run crashed if the table has its seconds at a later epoch than its last score: it was paid for and showed
nothing. If the seconds end where the scores end, the training run was merely stopped.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nasbench.arrays import Bools, Floats, Ints
from nasbench.errors import InvalidOption
from nasbench.table.falls import find_first_fall
from nasbench.tasks.columns import CostTerm, MeasuredColumn

_BLOCK = 2**22  # values of curves in memory at once


@dataclass(frozen=True)
class Coverage:
    """What was measured in each row of a task's table.

    Attributes:
        ended: [N, s] repetitions with a score at the last epoch.
        whole: [N, s] repetitions with a score at every epoch.
        crashed: [N, s] repetitions that were paid for and have no score at the end.
        paid: [N] whether the seconds up to every epoch but the last are known, where they are measured by epoch.
        spent_s: [N] mean seconds after which the repetitions of an architecture ended: the sum of all costs that are
            measured by epoch.
    """

    ended: Bools
    whole: Bools
    crashed: Bools
    paid: Bools
    spent_s: Floats


def compute_coverage(observed: MeasuredColumn, costs: float | tuple[CostTerm, ...]) -> Coverage:
    """Find out what was measured at each epoch of the observed column and of its costs.

    Raises:
        InvalidOption: cumulative seconds that fall.
    """
    charges = costs if isinstance(costs, tuple) else ()
    columns = [
        charge.column for charge in charges if not charge.each_answer and isinstance(charge.column, MeasuredColumn)
    ]
    parts = [_of_rows(observed, columns, index) for index in _blocks(observed, *columns)]
    return Coverage(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _blocks(*columns: MeasuredColumn) -> Iterator[Ints]:
    """Yield the rows of the table in blocks, so that the curves of a block are small."""
    n, largest = len(columns[0].home), max(len(column.seeds) * len(column.epochs) for column in columns)
    step = max(1, _BLOCK // largest)
    for first in range(0, max(n, 1), step):
        yield np.arange(first, min(first + step, n))


def _of_rows(
    observed: MeasuredColumn, columns: list[MeasuredColumn], index: Ints
) -> tuple[Bools, Bools, Bools, Bools, Floats]:
    """Return the parts of a ``Coverage`` for some rows."""
    measured: Bools = np.logical_not(np.isnan(observed.curves(index)))
    shown, ran = _last_epoch(observed, measured), np.zeros(measured.shape[:2], dtype=np.int64)
    paid, spent_s = np.ones(len(index), dtype=np.bool_), np.zeros(len(index))
    for column in columns:
        seconds = column.curves(index)
        _refuse_fall(column, seconds, index)
        known: Bools = np.asarray(~np.isnan(seconds))
        if column.training == observed.training:
            ran = np.maximum(ran, _of_same_seeds(observed, column, _last_epoch(column, known)))
        asked = np.isin(column.epochs, observed.epochs[:-1])
        paid &= np.asarray(known.any(axis=1))[:, asked].all(axis=1)
        if len(column.epochs) > 1:
            spent_s += _mean_end(seconds, known)
    ended: Bools = measured[:, :, -1]
    return ended, np.asarray(measured.all(axis=2)), ~ended & (ran > shown), paid, spent_s


def _last_epoch(column: MeasuredColumn, measured: Bools) -> Ints:
    """Return the last epoch that was measured [n, s, t], 0 where none was; ``[n, s]``."""
    last: Ints = np.where(measured, np.array(column.epochs), 0).max(axis=2, initial=0)
    return last


def _of_same_seeds(observed: MeasuredColumn, column: MeasuredColumn, values: Ints) -> Ints:
    """Return ``values`` [n, s'] of a column's seeds in the order of the observed seeds; 0 for seeds that it lacks."""
    place = {seed: at for at, seed in enumerate(column.seeds)}
    ours = np.array([place.get(seed, len(place)) for seed in observed.seeds])
    return np.concatenate([values, np.zeros((len(values), 1), dtype=np.int64)], axis=1)[:, ours]


def _mean_end(seconds: Floats, known: Bools) -> Floats:
    """Return the mean over seeds of the last measured ``seconds`` [n, s, t]; ``[n]``, nan where there are none."""
    last = seconds.shape[2] - 1 - known[:, :, ::-1].argmax(axis=2)
    ends = np.take_along_axis(seconds, last[:, :, None], axis=2)[:, :, 0]
    count = (~np.isnan(ends)).sum(axis=1)
    mean: Floats = np.divide(np.nansum(ends, axis=1), count, out=np.full(len(ends), np.nan), where=count > 0)
    return mean


def _refuse_fall(column: MeasuredColumn, seconds: Floats, index: Ints) -> None:
    """Refuse seconds [n, s, t] that fall: more training must never cost a search less."""
    fall = find_first_fall(seconds)
    if fall is None:
        return
    place = f"{column.dataset}/{column.recipe}/{column.split}/{column.metric}"
    before, after = (float(seconds[fall.row, fall.seed, at]) for at in (fall.before, fall.after))
    arch = column.home.rows(index[fall.row : fall.row + 1])[0].tolist()
    raise InvalidOption(
        f"{place} of table '{column.table.name}' is charged as cumulative seconds, but falls from {before:g} at "
        f"epoch {column.epochs[fall.before]} to {after:g} at epoch {column.epochs[fall.after]} (architecture {arch}, "
        f"seed {column.seeds[fall.seed]}): if it holds the seconds of each epoch, import it again with per = 'epoch' "
        'in its entry of the mapping; if it holds the seconds of each answer, write per = "answer" in the task\'s cost'
    )
