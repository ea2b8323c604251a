"""Columns of cells as distinct values and codes: a column of a million cells often holds a dozen different ones.

``ObjectColumns`` holds Python objects, ``TextColumns`` the bytes of a separated text, from which each column is read
when it is asked for. Both answer alike.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from nasbench.arrays import Floats, Ints
from nasbench.importers._fields import Fields, read_words

Column = npt.NDArray[np.object_]
_WIDEST = 64  # bytes; longer texts are cut out one by one
_SAMPLE = 4096  # rows that show whether a column repeats its values
_KEPT = 8  # columns whose codes stay in memory
_FEW = 2**16
_NUMERIC = b"0123456789+-.eE \nnaN"


class ColumnCodes(NamedTuple):
    """A column as a list of values and each row's position in it.

    Attributes:
        values: the cells, None where empty; a value may stand there twice.
        codes: [n] position of each row's value.
    """

    values: list[Any]
    codes: Ints

    def expand(self) -> Column:
        """Return the cell of each row ``[n]``."""
        return make_column(self.values)[self.codes]

    def map_values(self, change: Callable[[Any], Any]) -> "ColumnCodes":
        """Return the column with ``change`` applied to each value."""
        return ColumnCodes([change(value) for value in self.values], self.codes)

    def find_rows(self, holds: Callable[[Any], bool]) -> Ints:
        """Return the rows, from 0, whose value fulfils ``holds``."""
        return np.flatnonzero(np.array([holds(value) for value in self.values], dtype=np.bool_)[self.codes])


class ObjectColumns(Mapping[str, Column]):
    """Columns ``[n]`` of Python objects."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = dict(columns)

    def __getitem__(self, name: str) -> Column:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self._columns.values())))

    def read_codes(self, name: str) -> ColumnCodes:
        """Return a column as values and codes; 1, 1.0 and True are different values."""
        place: dict[tuple[type, Any], int] = {}
        codes = [place.setdefault((type(cell), cell), len(place)) for cell in self._columns[name].tolist()]
        return ColumnCodes([cell for _, cell in place], np.array(codes, dtype=np.int64))

    def read_floats(self, name: str, decimal: str) -> Floats | None:  # noqa: ARG002
        """Return a column of numbers ``[n]``, nan where empty; None if it holds anything else."""
        cells = self._columns[name]
        kinds = set(map(type, cells.tolist()))
        return cells.astype(np.float64) if kinds <= {float, int, type(None)} and _are_small(cells, kinds) else None

    def select(self, rows: Ints) -> "ObjectColumns":
        """Return the columns with only some rows."""
        return ObjectColumns({name: column[rows] for name, column in self._columns.items()})


def _are_small(cells: Column, kinds: set[type]) -> bool:
    """Return whether the integers of a column fit a float."""
    return int not in kinds or all(abs(cell) < 10**300 for cell in cells.tolist() if type(cell) is int)


class TextColumns(Mapping[str, Column]):
    """The columns of a separated text.

    Args:
        places: name of each column -> its position in a line.
        fields: the places of the fields, without the header.
        rows: [n] which of the lines to take; by default all.
    """

    def __init__(self, places: Mapping[str, int], fields: Fields, rows: Ints | None = None) -> None:
        self._place = dict(places)
        self._fields, self._rows = fields, rows
        self._codes: OrderedDict[str, ColumnCodes] = OrderedDict()

    def __getitem__(self, name: str) -> Column:
        return self.read_codes(name).expand()

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, name: object) -> bool:
        return name in self._place

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self._fields.ends) if self._rows is None else len(self._rows)

    def select(self, rows: Ints) -> "TextColumns":
        """Return the columns with only some rows."""
        return TextColumns(self._place, self._fields, rows if self._rows is None else self._rows[rows])

    def _bounds(self, name: str) -> tuple[Ints, Ints]:
        start, end = self._fields.bounds(self._place[name])
        return (start, end) if self._rows is None else (start[self._rows], end[self._rows])

    def read_codes(self, name: str) -> ColumnCodes:
        """Return a column as values and codes."""
        if name in self._codes:
            self._codes.move_to_end(name)
            return self._codes[name]
        start, end = self._bounds(name)
        first, codes = _find_distinct(self._fields.data, start, end - start)
        places = zip(start[first].tolist(), end[first].tolist(), strict=True)
        values = [self._fields.cut(*place) or None for place in places]
        made = ColumnCodes(values, codes)
        if len(values) <= _FEW:
            self._codes[name] = made
            if len(self._codes) > _KEPT:
                self._codes.popitem(last=False)
        return made

    def read_floats(self, name: str, decimal: str) -> Floats | None:
        """Return a column of plain numbers ``[n]``, nan where empty; None if it holds anything else."""
        start, end = self._bounds(name)
        length = end - start
        if not len(start) or int(length.max()) > _WIDEST:
            return None
        first, codes = _find_distinct(self._fields.data, start, length)
        words = read_words(self._fields.data, start[first], length[first])
        words[length[first] == 0, 0] = int.from_bytes(b"nan", "little")
        numbers = _parse_floats(words.view(f"S{8 * words.shape[1]}")[:, 0].tolist(), decimal)
        return None if numbers is None else numbers[codes]


class ChangedColumns(Mapping[str, Column]):
    """Columns of which some are replaced; the others are still read in their own way.

    Args:
        before: all columns.
        changed: those that replace columns of the same names.
    """

    def __init__(self, before: "Columns", changed: ObjectColumns) -> None:
        self._before, self._changed = before, changed

    def _find(self, name: str) -> "Columns":
        return self._changed if name in self._changed else self._before

    def __getitem__(self, name: str) -> Column:
        return self._find(name)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._before, *self._changed)))

    def __len__(self) -> int:
        return len(dict.fromkeys((*self._before, *self._changed)))

    def __contains__(self, name: object) -> bool:
        return name in self._changed or name in self._before

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self._before.n_rows

    def select(self, rows: Ints) -> "ChangedColumns":
        """Return the columns with only some rows."""
        return ChangedColumns(self._before.select(rows), self._changed.select(rows))

    def read_codes(self, name: str) -> ColumnCodes:
        """Return a column as values and codes."""
        return self._find(name).read_codes(name)

    def read_floats(self, name: str, decimal: str) -> Floats | None:
        """Return a column of plain numbers ``[n]``, nan where empty; None if it holds anything else."""
        return self._find(name).read_floats(name, decimal)


Columns = ObjectColumns | TextColumns | ChangedColumns


def _parse_floats(texts: list[bytes], decimal: str) -> Floats | None:
    """Return the numbers that texts hold, rounded as Python does; None if a text is not a number."""
    joined = b"\n".join(texts)
    if decimal == ",":
        if b"." in joined:
            return None
        texts, joined = joined.replace(b",", b".").split(b"\n"), joined.replace(b",", b".")
    if joined.translate(None, _NUMERIC):
        return None
    try:
        return np.fromiter(map(float, texts), dtype=np.float64, count=len(texts))
    except ValueError:
        return None


def _find_distinct(data: bytes, start: Ints, length: Ints) -> tuple[Ints, Ints]:
    """Return the first row of each distinct text, and each row's position among them.

    Texts that hardly repeat or are long count as distinct.
    """
    everything = np.arange(len(start), dtype=np.int64)
    if not len(start) or int(length.max()) > _WIDEST:
        return everything, everything
    few = slice(0, _SAMPLE)
    sample = _number_rows(read_words(data, start[few], length[few]))
    if len(start) > _SAMPLE and 2 * (int(sample.max()) + 1) > _SAMPLE:
        return everything, everything
    codes = _number_rows(read_words(data, start, length))
    return find_first(codes), codes


def _number_rows(words: npt.NDArray[Any]) -> Ints:
    return combine_codes(list(words.T))


def combine_codes(parts: Sequence[npt.NDArray[Any]]) -> Ints:
    """Return one code for each distinct combination of integers ``[n]``, in the order of first appearance."""
    codes = np.asarray(pd.factorize(parts[0])[0], dtype=np.int64)
    for part in parts[1:]:
        other, distinct = pd.factorize(part)
        if len(distinct) > 1:
            codes = np.asarray(pd.factorize(codes * len(distinct) + other)[0], dtype=np.int64)
    return codes


def find_first(codes: Ints) -> Ints:
    """Return the first row with each code; codes count from 0 without gaps."""
    first = np.empty(int(codes.max(initial=-1)) + 1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return first


def make_column(cells: Sequence[Any]) -> Column:
    """Return cells as an array of objects ``[n]``."""
    made = np.empty(len(cells), dtype=object)
    made[:] = cells
    return made
