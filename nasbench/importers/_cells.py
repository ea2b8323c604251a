"""The cells of a user's file, and error messages that name the row and the column of a problem."""

import difflib
import re
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np

from nasbench.arrays import Bools, Floats, Ints
from nasbench.errors import SourceError
from nasbench.importers._columns import ChangedColumns, Column, ColumnCodes, Columns, ObjectColumns, make_column
from nasbench.importers._durations import parse_duration

_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
_SHOWN = 12  # distinct texts of a column that an error lists

_NO_DURATION = (
    "not a duration such as '0 days 00:01:30.5', '1:30:00', '1 day, 2:03:04', '90:30' (minutes and seconds) or "
    "'PT1H30M'; for plain numbers declare a unit such as 's' or 'ms'"
)


class UnreadableRows(SourceError):
    """Cells that cannot be read as the mapping says.

    Attributes:
        rows: the rows, from 0, of the cells at hand.
        reason: the message about the first of them.
    """

    def __init__(self, message: str, rows: Ints) -> None:
        super().__init__(message)
        self.rows = rows

    def add_hint(self, n_rows: int) -> "UnreadableRows":
        """Return the error with a hint at how to import the other rows, where these are the most of ``n_rows``."""
        if 2 * len(self.rows) > n_rows:
            return self
        such = f"{len(self.rows):,} such rows" if len(self.rows) > 1 else "this row"
        return UnreadableRows(f"{self}. To leave out {such} of {n_rows:,}, say --skip-unreadable", self.rows)


class SkippedRows(NamedTuple):
    """Rows that were left out, and what is wrong with the first of them."""

    n: int
    reason: str


class LinePlaces(Sequence[str]):
    """Names of rows in error messages: the number of the row, and its line in the file where that is not the next one.

    Row r is usually line r + 1. Empty lines and line breaks inside cells shift it.

    Args:
        lines: [n] the line of each row.
    """

    def __init__(self, lines: Ints) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, row: Any) -> Any:
        line = int(self._lines[row])
        return f"{row + 1} (line {line})" if line != row + 2 else str(row + 1)


class TextCells:
    """Columns of cells; an empty cell is None. Error messages count rows from 1, below the header.

    Attributes:
        file: name of the file, for error messages.
        columns: name -> [n] cells: texts (from CSV) or plain values.
        decimal: the decimal point of numbers, "." or ",".
        remark: a warning about the file, for example that it may be truncated; empty if there is none.
        skipped: rows that were left out, because they cannot be read.
    """

    def __init__(
        self,
        file: str,
        columns: Mapping[str, Column] | Columns,
        *,
        places: Sequence[str] = (),
        decimal: str = ".",
        remark: str = "",
        skipped: tuple[SkippedRows, ...] = (),
        rows: Ints | None = None,
    ) -> None:
        self.file, self.decimal, self.remark, self.skipped = file, decimal, remark, skipped
        self.columns: Columns = columns if isinstance(columns, Columns) else ObjectColumns(columns)
        self._places, self._rows = places, rows

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.columns.n_rows

    def place(self, row: int) -> str:
        """Return how error messages name ``row`` (counted from 0): its number, and its line in the file if needed."""
        row = row if self._rows is None else int(self._rows[row])
        return self._places[row] if self._places else str(row + 1)

    def select_rows(self, kept: Bools) -> "TextCells":
        """Return the rows where ``kept`` [n] is True; they keep their row numbers."""
        rows = np.flatnonzero(kept)
        made = copy(self)
        made._rows = rows if self._rows is None else self._rows[rows]
        made.columns = self.columns.select(rows)
        return made

    def skip_rows(self, error: UnreadableRows) -> "TextCells":
        """Return the rows that can be read.

        Raises:
            UnreadableRows: these are fewer than half of the file.
        """
        kept = np.ones(len(self), dtype=np.bool_)
        kept[error.rows] = False
        made = self.select_rows(kept)
        made.skipped = (*self.skipped, SkippedRows(int((~kept).sum()), str(error)))
        n_skipped = sum(own.n for own in made.skipped)
        if n_skipped > len(made):
            raise UnreadableRows(
                f"{error}; {n_skipped:,} of {n_skipped + len(made):,} rows cannot be read, more than half: check the "
                "mapping",
                error.rows,
            )
        return made

    def _check_name(self, name: str) -> None:
        if name not in self.columns:
            near = difflib.get_close_matches(name, self.columns, n=3, cutoff=0.4) or list(self.columns)[:12]
            raise SourceError(f"{self.file} has no column '{name}'; it has {', '.join(map(repr, near))}")

    def replace_columns(self, changed: Mapping[str, Column]) -> "TextCells":
        """Return the same rows with some columns changed; ``changed`` maps a name to its cells [n]."""
        made = copy(self)
        made.columns = ChangedColumns(self.columns, ObjectColumns(changed)) if changed else self.columns
        return made

    def column(self, name: str) -> Column:
        """Return a column by name.

        Raises:
            SourceError: the file has no such column; the message lists the most similar names.
        """
        self._check_name(name)
        return self.columns[name]

    def codes(self, name: str) -> ColumnCodes:
        """Return a column as values and codes; errors as in ``column``."""
        self._check_name(name)
        return self.columns.read_codes(name)

    def make_error(self, row: int, column: str, why: str) -> SourceError:
        """Build the error for one cell; ``row`` counts from 0."""
        return SourceError(f"{self.file}: row {self.place(row)}, column '{column}': {why}")

    def make_unreadable(self, rows: Ints, column: str, why: str) -> UnreadableRows:
        """Build the error for all rows that cannot be read for one reason; the message names the first of them."""
        return UnreadableRows(str(self.make_error(int(rows[0]), column, why)), rows)

    def text_codes(self, name: str) -> ColumnCodes:
        """Return a column as stripped texts and codes; see ``texts``."""
        codes = self.codes(name).map_values(_format_cell)
        return codes.map_values(_replace_comma) if self.decimal == "," else codes

    def texts(self, name: str) -> Column:
        """Return a column as stripped texts, None where empty; floats with whole values are written as integers."""
        return self.text_codes(name).expand()

    def match_rows(self, where: Mapping[str, Sequence[str]]) -> Bools:
        """Return which rows hold an allowed text in every column of ``where`` ``[n]``; an empty cell counts as "".

        Raises:
            SourceError: there is no such column, or no such row.
        """
        wanted = np.ones(len(self), dtype=np.bool_)
        for column, allowed in where.items():
            texts = self.text_codes(column)
            wanted[texts.find_rows(lambda text, allowed=allowed: (text or "") not in allowed)] = False  # type: ignore[misc]
            if not wanted.any():
                held = ", ".join(map(repr, list(dict.fromkeys(text or "" for text in texts.values))[:_SHOWN]))
                raise SourceError(f"{self.file}: no row matches where = {dict(where)}; '{column}' holds {held}")
        return wanted

    def read_plain_numbers(self, name: str) -> Floats | None:
        """Return a column of numbers ``[n]``, nan where empty; None if some cell holds anything else."""
        self._check_name(name)
        return self.columns.read_floats(name, self.decimal)

    def read_numbers(self, name: str, missing: Sequence[Any] = (), *, durations: bool = False) -> Floats:
        """Return a column as floats ``[n]``, nan where a cell is empty or one of ``missing``.

        Args:
            name: name of the column.
            missing: texts or numbers that stand for a missing value.
            durations: whether cells are times such as ``0 days 00:01:30.5`` and ``1:30:00``; these become seconds.

        Raises:
            UnreadableRows: some cells are not numbers.
        """
        values = None if durations else self.read_plain_numbers(name)
        if values is None:
            values = self._read_cells(name, {str(value) for value in missing}, durations=durations)
        for value in missing:
            if is_number(value):
                values[values == float(value)] = np.nan
        return values

    def _read_cells(self, name: str, sentinels: set[str], *, durations: bool) -> Floats:
        """Return a column as floats ``[n]``, cell by cell."""

        def read(cell: Any) -> Any:
            """Return a number or its text; anything else where the cell is not a number."""
            if cell is None or str(cell).strip() in sentinels:
                return np.nan
            cell = parse_duration(cell) if durations else cell
            return _convert_decimal_comma(cell) if self.decimal == "," else cell

        given = self.codes(name)
        read_ = given.map_values(read)
        bad = read_.find_rows(lambda cell: not is_number(cell))
        if len(bad):
            cell = given.values[given.codes[bad[0]]]
            why = _NO_DURATION if durations else _explain_no_number(cell, self.decimal)
            raise self.make_unreadable(bad, name, why)
        values: Floats = make_column(read_.values).astype(np.float64)[read_.codes]
        return values

    def read_integers(self, name: str, rows: Bools, least: int) -> Ints:
        """Return a column as integers of at least ``least`` ``[n]``, ``least`` where ``rows`` is False.

        Raises:
            UnreadableRows: some cells are empty, not integers, or too small.
        """
        values = np.where(rows, self.read_numbers(name), least)
        bad = np.flatnonzero(~((values >= least) & (values <= 2**31) & (values == np.round(values))))
        if len(bad):
            cell = self.column(name)[bad[0]]
            raise self.make_unreadable(bad, name, f"{cell!r} is not an integer of at least {least}")
        return values.astype(np.int64)


def describe_skipped(cells: TextCells) -> list[str]:
    """Return remarks about the rows that were left out: how many, and the first of each kind."""
    if not cells.skipped:
        return []
    n = sum(own.n for own in cells.skipped)
    told = [f"  {own.n:,} row{'s' * (own.n > 1)}, the first: {own.reason}" for own in cells.skipped]
    return [f"{n:,} of {n + len(cells):,} rows cannot be read and are left out", *told]


def is_number(cell: Any) -> bool:
    """Return whether a cell holds a number or its text. Truth values, ``1_000`` and non-ASCII digits do not count."""
    if isinstance(cell, bool | np.bool_) or (isinstance(cell, str) and ("_" in cell or not cell.isascii())):
        return False
    try:
        float(cell)
    except (ValueError, TypeError, OverflowError):
        return False
    return True


def has_decimal_commas(cells: TextCells) -> bool:
    """Return whether some column holds only numbers, some with a decimal comma, and no column has decimal points.

    A column in which every comma may separate thousands, such as 1,234, is no evidence.
    """
    found = False
    for name in cells.columns:
        values = cells.codes(name).values
        texts = [cell.strip() for cell in values if isinstance(cell, str)]
        if any(isinstance(cell, float) and not cell.is_integer() for cell in values):
            return False
        numbers = [text for text in texts if _COMMA.fullmatch(text) or is_number(text)]
        if len(numbers) < len(texts):
            continue
        if any("." in text for text in numbers):
            return False
        commas = [text for text in numbers if "," in text]
        found |= any(not _THOUSANDS.fullmatch(text) for text in commas)
    return found


def _explain_no_number(cell: Any, decimal: str) -> str:
    if isinstance(cell, bool | np.bool_):
        return f"{cell} is a truth value, not a number"
    if isinstance(cell, str) and cell.strip().endswith("%") and is_number(cell.strip()[:-1]):
        return f"{cell!r} ends with a percent sign: remove the signs, and declare unit = 'percent'"
    if decimal == "." and isinstance(cell, str) and "," in cell and is_number(cell.replace(",", "")):
        return f"{cell!r} has a comma: remove thousands separators; for decimal commas say decimal = ',' in the mapping"
    if decimal == "," and isinstance(cell, str) and is_number(cell):
        return f"{cell!r} has a point in a file with decimal commas: write all numbers the same way"
    return f"{cell!r} is not a number; if it stands for a missing value, say missing = {cell!r}"


def _convert_decimal_comma(cell: Any) -> Any:
    """Replace a decimal comma by a point; a text that has a point already becomes None, which is not a number."""
    if not isinstance(cell, str):
        return cell
    return None if "." in cell else cell.strip().replace(",", ".") if _COMMA.fullmatch(cell.strip()) else cell


def _replace_comma(text: str | None) -> str | None:
    """Replace the decimal comma of a number by a point; other texts stay."""
    return text.replace(",", ".") if text and _COMMA.fullmatch(text) else text


def _format_cell(cell: Any) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip() or None
