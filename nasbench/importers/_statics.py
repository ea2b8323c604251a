"""Read measurements of known architectures, such as latencies, from a user's file: one number an architecture.

Unlike an import, this skips rows that are not architectures of the space, and counts them: files of latencies often
hold a line of means, or networks of other spaces. What is skipped is always said.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.errors import InvalidOption, SourceError
from nasbench.importers._any_source import read_source
from nasbench.importers._architectures import read_readable
from nasbench.importers._cells import TextCells, has_decimal_commas
from nasbench.importers._directions import explain_unknown_direction, find_direction
from nasbench.importers._frames import read_frame
from nasbench.importers._mapping import SourceLayout, TableMapping, label_complaint, read_mapping
from nasbench.importers._units import DURATION, UNITS, find_misfit_value
from nasbench.spaces import SearchSpace

_SAMPLE = 50  # distinct texts of a column that are tried, to find the architectures


@dataclass(frozen=True, kw_only=True)
class StaticColumn:
    """A column of numbers that do not depend on a training run.

    Attributes:
        column: its name in the file.
        unit: a unit that a mapping may declare, such as ``ms``; empty if the mapping says it, or the
            column's name ends with it.
        metric: name in the table; by default the column's name, without its unit.
        direction: ``maximize`` or ``minimize``; empty if the metric's name determines it.
    """

    column: str
    unit: str = ""
    metric: str = ""
    direction: str = ""


@dataclass(frozen=True, kw_only=True)
class ArchitectureColumns:
    """Where the architectures of a file are; empty to look for a column that the space can read.

    Attributes:
        column: a column of texts, or of numbers of ``form``.
        form: ``index`` for official numbers, or the codes of a library.
        map: a mapping, whose ``[architecture]`` and columns are used.
    """

    column: str = ""
    form: str = ""
    map: str = ""


@dataclass(frozen=True, kw_only=True)
class Values:
    """The numbers of one metric: ``values`` [n] in ``unit``, a unit of the schema."""

    metric: str
    unit: str
    direction: str
    values: Floats


@dataclass(frozen=True, kw_only=True)
class StaticValues:
    """What a file holds of a space.

    Attributes:
        file: name of the file.
        archs: [n, d] distinct architectures.
        columns: the numbers of each metric.
        n_rows: number of rows in the file.
        unreadable: for each row that is not an architecture of the space, what is wrong with it.
    """

    file: str
    archs: Archs
    columns: list[Values]
    n_rows: int
    unreadable: list[str] = field(default_factory=list)


class _Place(NamedTuple):
    """The readable rows of a file, and the number of the architecture in each ``[m]``."""

    cells: TextCells
    arch: Ints


def read_static_values(
    source: Any,
    space: SearchSpace,
    columns: Sequence[StaticColumn],
    where: ArchitectureColumns,
    *,
    missing: Sequence[Any] = (),
    average: bool = False,
) -> StaticValues:
    """Read numbers of architectures.

    Args:
        source: a file, folder or archive that ``nasbench import table`` takes, or a data frame.
        space: the space of the architectures.
        columns: the columns to read.
        where: where the architectures are.
        missing: cells that stand for a missing value.
        average: whether different values of one architecture are averaged.

    Raises:
        SourceError: no row is an architecture, a cell is not a number of its unit, or an architecture has two values.
        InvalidOption: a column has no unit, or its direction is unknown; or the architectures' column is not found.
    """
    mapping = read_mapping(where.map) if where.map else None
    cells = _read_cells(source, mapping, (where.column,) if where.column else ())
    given = _locate_architectures(cells, space, where, mapping)
    columns = [_complete(column, mapping) for column in columns]
    archs, place, complaints = read_readable(cells, given, space)
    if space.trained_once_per_class and len(archs):
        archs, same = np.unique(space.canonicalize(archs), axis=0, return_inverse=True)
        place = np.where(place < 0, -1, same.ravel()[place])
    if not len(archs):
        raise SourceError(f"{cells.file}: no row is an architecture of space '{space.name}'; {complaints[0]}")
    kept = _Place(cells.select_rows(place >= 0), place[place >= 0])
    found = [_read_column(kept, column, len(archs), mapping, missing, average=average) for column in columns]
    if twice := {one.metric for one in found if [other.metric for other in found].count(one.metric) > 1}:
        raise InvalidOption(f"two columns get the name '{min(twice)}'; name each metric")
    return StaticValues(file=cells.file, archs=archs, columns=found, n_rows=len(cells), unreadable=complaints)


def _read_cells(source: Any, mapping: TableMapping | None, whole: tuple[str, ...]) -> TextCells:
    if not isinstance(source, str | Path):
        cells, _ = read_frame(source, [])
    else:
        decimal, layout = (mapping.decimal, mapping.layout) if mapping else (".", SourceLayout(whole=whole))
        cells = read_source(Path(source), decimal, layout)
        if not mapping and has_decimal_commas(cells):
            cells = read_source(Path(source), ",", layout)
    return cells.select_rows(cells.match_rows(mapping.where)) if mapping and mapping.where else cells


def _locate_architectures(
    cells: TextCells, space: SearchSpace, where: ArchitectureColumns, mapping: TableMapping | None
) -> Mapping[str, Any]:
    """Return where the architectures are, as the section ``[architecture]`` of a mapping says it."""
    if mapping:
        if mapping.architecture["space"] != space.name:
            raise InvalidOption(
                f"the mapping {mapping.file} is of space '{mapping.architecture['space']}', the task of '{space.name}'"
            )
        return mapping.architecture
    if where.column:
        cells.column(where.column)
        return {"column": where.column} | ({"form": where.form} if where.form else {})
    if where.form:
        raise InvalidOption(f"form '{where.form}' says how to read a column; say which one by --architecture COLUMN")
    if set(space.decisions) <= cells.columns.keys():
        return {"columns": list(space.decisions)}
    for column in cells.columns:
        texts = [text for text in dict.fromkeys(cells.texts(column)) if text is not None][:_SAMPLE]
        sample = TextCells(cells.file, {column: np.array([*texts, None], dtype=object)[:-1]})
        if texts and 2 * (read_readable(sample, {"column": column}, space)[1] >= 0).sum() > len(texts):
            return {"column": column}
    known = ", ".join(repr(form) for form in space.forms)
    hint = f"; for numbers, say --form ({known}) too" if known else ""
    raise InvalidOption(
        f"{cells.file}: no column holds architectures of space '{space.name}' as texts; it has "
        f"{', '.join(map(repr, list(cells.columns)[:12]))}: say which by --architecture COLUMN{hint}"
    )


def _complete(column: StaticColumn, mapping: TableMapping | None) -> StaticColumn:
    """Return a column with unit and direction, from the mapping or the column's name where they are not given."""
    entry = next((one for one in mapping.statics if one.column == column.column), None) if mapping else None
    unit = column.unit or (entry.unit if entry else _find_unit_in_name(column.column))
    if unit not in UNITS:
        seen = f"unit '{unit}' of column '{column.column}' is unknown" if unit else f"which unit has '{column.column}'?"
        raise InvalidOption(f"{seen}; say --unit with one of: {', '.join(UNITS)}")
    metric = column.metric or (str(entry.metric) if entry else _name_metric(column.column, unit))
    if why := label_complaint("metric", metric):
        raise InvalidOption(why)
    direction = column.direction or (entry.direction if entry else "")
    if direction not in ("", "none", "maximize", "minimize"):
        raise InvalidOption(f"direction '{direction}' of column '{column.column}': expected maximize or minimize")
    if direction not in ("maximize", "minimize"):
        direction = find_direction(metric, UNITS[unit].unit, static=False)
    if why := "" if direction else explain_unknown_direction(metric, UNITS[unit].unit, static=False):
        raise InvalidOption(f"column '{column.column}': {why} (on the command line, --direction maximize)")
    return StaticColumn(column=column.column, unit=unit, metric=metric, direction=direction)


def _find_unit_in_name(column: str) -> str:
    """Return the unit that a name ends with, as ``latency_ms`` does; empty if there is none."""
    ending = re.search(r"[_. (\[-]([A-Za-z]+)[)\]]?$", column)
    return ending[1] if ending and ending[1] in UNITS else ""


def _name_metric(column: str, unit: str) -> str:
    """Return a name for a column's metric: ``latency`` for ``latency_ms`` in ms, since the table holds seconds."""
    plain = re.sub(r"[^\w.+-]+", "_", column).strip("_.+-")
    without = re.sub(rf"[_.-]{re.escape(unit)}$", "", plain)
    return without or plain or "value"


def _read_column(
    kept: _Place, column: StaticColumn, n: int, mapping: TableMapping | None, missing: Sequence[Any], *, average: bool
) -> Values:
    """Return one number for each architecture; nan where there is none."""
    entry = next((one for one in mapping.statics if one.column == column.column), None) if mapping else None
    sentinels = (*missing, *(entry.missing if entry else ()))
    cells, arch = kept
    numbers = cells.read_numbers(column.column, sentinels, durations=column.unit == DURATION)
    if wrong := find_misfit_value(numbers, column.unit):
        raise cells.make_error(wrong[0], column.column, wrong[1])
    numbers = UNITS[column.unit].convert(numbers)
    known = ~np.isnan(numbers)
    if not known.any():
        raise SourceError(f"{cells.file}: column '{column.column}' holds no number for an architecture of the space")
    count = np.bincount(arch[known], minlength=n)
    first = np.full(n, -1)
    first[arch[known][::-1]] = np.flatnonzero(known)[::-1]
    differ = np.flatnonzero(known & (numbers != numbers[first[arch]]))
    if len(differ) and not average:
        row = int(differ[0])
        raise cells.make_error(
            row,
            column.column,
            f"{cells.column(column.column)[row]} differs from row {cells.place(int(first[arch[row]]))}, which is the "
            f"same architecture ({len(differ)} such); to average repeated measurements, say --average",
        )
    total = np.bincount(arch[known], weights=numbers[known], minlength=n)
    with np.errstate(invalid="ignore"):
        mean = np.where(count > 0, total / count, np.nan)
    values = np.where(np.isin(np.arange(n), arch[differ]), mean, np.where(first < 0, np.nan, numbers[first]))
    return Values(metric=column.metric, unit=UNITS[column.unit].unit, direction=column.direction, values=values)
