"""Build the columns of a table from cells and a mapping: collect points, refuse conflicts, fill arrays."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Bools, Floats, Ints
from nasbench.errors import SourceError
from nasbench.importers._cells import TextCells
from nasbench.importers._columns import ColumnCodes, combine_codes, find_first
from nasbench.importers._directions import explain_unknown_direction, find_direction
from nasbench.importers._mapping import LABELS, ROWS, FromColumn, MappingEntry, expand_pattern, label_complaint
from nasbench.importers._spent import Spent, accumulate_spent, require_agreement
from nasbench.importers._units import DURATION, UNITS, find_misfit_value, find_outside
from nasbench.table import Measurement, Static

_Path = tuple[str, ...]  # data set, recipe, split, metric
_MOST_CELLS = 2**27  # of a column of the table: 1 GiB
_VARYING = (
    "for a value that varies with the seed, give the [[static]] a seed, to keep each value, or average = true, to take "
    "the mean; one that varies with the epoch must be a [[measurement]]"
)


class _Points(NamedTuple):
    """The values of one entry for one path, all ``[m]``; ``row`` is the row of the file, from 0."""

    entry: MappingEntry
    value: Floats
    arch: Ints
    seed: Ints
    epoch: Ints
    row: Ints


def build_measurements(cells: TextCells, entries: Sequence[MappingEntry], arch: Ints, n: int) -> list[Measurement]:
    """Return one ``[n, s, t]`` column for each data set, recipe, split and metric of the entries.

    Args:
        cells: the file's cells, m rows.
        entries: the entries of the mapping.
        arch: [m] number of the architecture in each row of the file.
        n: number of architectures.

    Raises:
        SourceError: a cell is outside its unit, not a number or not a label; two values contradict each other; or
            total seconds decrease.
    """
    made = []
    for path, points in sorted(_gather_points(cells, entries, arch).items()):
        values, seeds, epochs, rows = _fill_column(cells, path, points, n)
        unit, direction = _agree_on_unit(cells, path, points)
        spent = require_agreement(
            cells, path, [Spent(own.entry.column, own.entry.unit, own.entry.per) for own in points]
        )
        values = accumulate_spent(cells, spent, values, seeds, epochs, rows)
        dataset, recipe, split, metric = path
        made.append(
            Measurement(
                dataset=dataset,
                recipe=recipe,
                split=split,
                metric=metric,
                unit=unit,
                direction=direction,
                values=values,
                seeds=seeds,
                epochs=epochs,
            )
        )
    return made


def build_statics(cells: TextCells, entries: Sequence[MappingEntry], arch: Ints, n: int) -> list[Static]:
    """Return one column for each data set and metric: ``[n]``, or ``[n, s]`` if the mapping gives it a seed.

    Arguments and errors as in ``build_measurements``.
    """
    made = []
    for path, points in sorted(_gather_points(cells, entries, arch).items()):
        values, seeds, *_ = _fill_column(cells, path, points, n)
        unit, direction = _agree_on_unit(cells, path, points)
        own = values[:, :, 0] if len(seeds) > 1 else values[:, 0, 0]
        if any(one.entry.average for one in points) and len(seeds) > 1:
            known = ~np.isnan(own)
            count = known.sum(axis=1)
            own = np.where(count > 0, np.where(known, own, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
        made.append(Static(dataset=path[0], metric=path[3], unit=unit, direction=direction, values=own))
    return made


def _gather_points(cells: TextCells, entries: Sequence[MappingEntry], arch: Ints) -> dict[_Path, list[_Points]]:
    gathered: dict[_Path, list[_Points]] = defaultdict(list)
    for entry in entries:
        columns = expand_pattern(entry, cells.columns)
        found = [one for own in columns for one in _iterate_points(cells, own, arch, whole=len(columns) == 1)]
        _refuse_fractions(cells, [points for _, points in found], entry)
        for path, points in found:
            gathered[path].append(points)
    return gathered


def _refuse_fractions(cells: TextCells, found: Sequence[_Points], entry: MappingEntry) -> None:
    """Refuse percentages that never exceed 1 over all columns of an entry: these are fractions."""
    if entry.unit == "percent":
        largest = max(found, key=lambda points: points.value.max())
        at = int(largest.value.argmax())
        if wrong := find_misfit_value(largest.value[at : at + 1] * 100.0, entry.unit):
            raise cells.make_error(int(largest.row[at]), largest.entry.column, wrong[1])


def _iterate_points(
    cells: TextCells, entry: MappingEntry, arch: Ints, *, whole: bool
) -> Iterable[tuple[_Path, _Points]]:
    """Yield the measured values of one column, separately for each path in its rows."""
    values = cells.read_numbers(entry.column, entry.missing, durations=entry.unit == DURATION)
    wanted = cells.match_rows(entry.where)
    values[~wanted] = np.nan
    if found := find_misfit_value(values, entry.unit, whole=whole):
        outside = np.flatnonzero(find_outside(values, entry.unit))
        if not len(outside):
            raise cells.make_error(found[0], entry.column, found[1])
        raise cells.make_unreadable(outside, entry.column, found[1])
    values = UNITS[entry.unit].convert(values)
    kept = ~np.isnan(values)
    if not kept.any():
        raise SourceError(f"{cells.file}: column '{entry.column}' holds no value; remove it from the mapping")
    epoch = _read_integers(cells, entry.epoch, kept, least=1 - entry.epoch_offset) + entry.epoch_offset
    if (epoch[kept] < 1).any():
        raise cells.make_error(int(kept.argmax()), entry.column, "epoch 0: epochs count from 1; say epoch_offset = 1")
    labels = [_read_labels(cells, key, getattr(entry, key), kept) for key in LABELS]
    if isinstance(entry.seed, str):
        seed = _number_repeats(wanted, arch, epoch, *(label.codes for label in labels))
    else:
        seed = _read_integers(cells, entry.seed, kept, least=0)
    rows = np.flatnonzero(kept)
    group = combine_codes([label.codes[rows] for label in labels])
    for i, at in enumerate(rows[find_first(group)].tolist()):
        own = rows[group == i]
        path = tuple(label.values[label.codes[at]] for label in labels)
        yield path, _Points(entry, values[own], arch[own], seed[own], epoch[own], own)


def _number_repeats(wanted: Bools, *said: Ints) -> Ints:
    """Number the ``wanted`` rows with equal labels from 0 ``[n]``; other rows get 0 and do not count."""
    rows = np.flatnonzero(wanted)
    group = combine_codes([codes[rows] for codes in said])
    order = np.argsort(group, kind="stable")
    start = np.flatnonzero(np.diff(group[order], prepend=-1))
    seed = np.zeros(len(wanted), dtype=np.int64)
    seed[rows[order]] = np.arange(len(rows)) - np.repeat(start, np.diff(start, append=len(rows)))
    return seed


def _read_integers(cells: TextCells, given: int | FromColumn, kept: Bools, least: int) -> Ints:
    if isinstance(given, FromColumn):
        return cells.read_integers(given.column, kept, least)
    return np.full(len(kept), given, dtype=np.int64)


def _read_labels(cells: TextCells, key: str, given: str | FromColumn, kept: Bools) -> ColumnCodes:
    """Return the labels of all rows, checked where ``kept``; equal labels have equal codes."""
    if not isinstance(given, FromColumn):
        return ColumnCodes([given], np.zeros(len(kept), dtype=np.int64))
    texts = cells.text_codes(given.column)
    named = [given.rename.get(text, text) for text in texts.values]
    complaints = [label_complaint(key, name) for name in named]
    wrong = np.array([bool(why) for why in complaints])[texts.codes] & kept
    if wrong.any():
        rows = np.flatnonzero(wrong)
        raise cells.make_unreadable(rows, given.column, complaints[texts.codes[rows[0]]])
    place = {name: i for i, name in enumerate(dict.fromkeys(named))}
    return ColumnCodes(list(place), np.array([place[name] for name in named], dtype=np.int64)[texts.codes])


def _fill_column(cells: TextCells, path: _Path, points: Sequence[_Points], n: int) -> tuple[Floats, Ints, Ints, Ints]:
    """Return values ``[n, s, t]``, seeds, epochs and the rows of the values; equal duplicates count once."""
    value, arch, seed, epoch, row = (np.concatenate(parts) for parts in list(zip(*points, strict=True))[1:])
    seeds, at_seed = np.unique(seed, return_inverse=True)
    epochs, at_epoch = np.unique(epoch, return_inverse=True)
    if n * len(seeds) * len(epochs) > _MOST_CELLS:
        raise SourceError(
            f"{cells.file}: column '{points[0].entry.column}' has {len(seeds):,} seeds and {len(epochs):,} epochs for "
            f"{n:,} architectures: a table would need more than {_MOST_CELLS:,} cells, the limit; do the columns of "
            "seed and epoch number the trainings of each architecture, rather than the rows?"
        )
    place = (arch * len(seeds) + at_seed) * len(epochs) + at_epoch
    order = np.argsort(place, kind="stable")
    twice = place[order[1:]] == place[order[:-1]]
    conflict = np.flatnonzero(twice & (value[order[1:]] != value[order[:-1]]))
    if len(conflict):
        first, second = order[conflict[0]], order[conflict[0] + 1]
        column = [own.entry.column for own in points for _ in range(len(own.row))][second]
        kept, other = _format_difference(value[first], value[second])
        repeated = f"if these are repeated runs, map a seed column, or number them with seed = '{ROWS}'"
        hint = repeated if path[2] else _VARYING
        raise cells.make_error(
            int(row[second]),
            column,
            f"{other} contradicts {kept} in row {cells.place(int(row[first]))}: the same architecture, "
            f"{'/'.join(filter(None, path))}, seed {seed[first]}, epoch {epoch[first]} ({len(conflict)} such); {hint}",
        )
    values = np.full(n * len(seeds) * len(epochs), np.nan)
    values[place] = value
    rows = np.full(len(values), -1, dtype=np.int64)
    rows[place] = row
    shape = n, len(seeds), len(epochs)
    return values.reshape(shape), seeds, epochs, rows.reshape(shape)


def _format_difference(first: float, second: float) -> tuple[str, str]:
    """Write two different numbers with enough digits to show the difference."""
    for digits in range(6, 17):
        texts = f"{first:.{digits}g}", f"{second:.{digits}g}"
        if texts[0] != texts[1]:
            return texts
    return repr(float(first)), repr(float(second))


def _agree_on_unit(cells: TextCells, path: _Path, points: Sequence[_Points]) -> tuple[str, str]:
    """Return the schema's unit and the direction on which all entries of one path agree."""
    unit, static = UNITS[points[0].entry.unit].unit, not path[2]
    if not all(own.entry.direction for own in points) and (
        why := explain_unknown_direction(path[3], unit, static=static)
    ):
        raise SourceError(f"{cells.file}: column '{points[0].entry.column}': {why}")
    known = find_direction(path[3], unit, static=static)
    said = {(UNITS[own.entry.unit].unit, own.entry.direction or known): own.entry.column for own in points}
    if len(said) > 1:
        columns = " and ".join(repr(column) for column in said.values())
        raise SourceError(
            f"{cells.file}: columns {columns} both define {'/'.join(path)} but with different units or directions"
        )
    return next(iter(said))
