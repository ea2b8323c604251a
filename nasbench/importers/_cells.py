"""The cells of a user's file, and error messages that name the row and the column of a problem."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nasbench.arrays import Bools, Floats, Ints
from nasbench.errors import SourceError

Column = npt.NDArray[np.object_]
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_SHOWN = 12  # distinct texts of a column that an error lists
_DURATION = re.compile(r"(?:(\d+) days? \+?)?(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)")

_NO_DURATION = (
    "not a duration such as '0 days 00:01:30.5' or '1:30:00'; for plain numbers declare a unit such as 's' or 'ms'"
)


class TextCells:
    """Columns of cells; an empty cell is None. Error messages count rows from 1, below the header.

    Attributes:
        file: name of the file, for error messages.
        columns: name -> [n] cells: texts (from CSV) or plain values.
        decimal: the decimal point of numbers, "." or ",".
        remark: a warning about the file, for example that it may be truncated; empty if there is none.
    """

    def __init__(
        self,
        file: str,
        columns: dict[str, Column],
        *,
        places: Sequence[str] = (),
        decimal: str = ".",
        remark: str = "",
    ) -> None:
        self.file, self.columns, self.decimal, self.remark = file, columns, decimal, remark
        self._places = places or [str(row) for row in range(1, len(self) + 1)]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.columns.values())))

    def place(self, row: int) -> str:
        """Return how error messages name ``row`` (counted from 0): its number, and its line in the file if needed."""
        return self._places[row]

    def select_rows(self, kept: Bools) -> "TextCells":
        """Return the rows where ``kept`` [n] is True; they keep their row numbers."""
        columns = {name: column[kept] for name, column in self.columns.items()}
        places = [self._places[row] for row in np.flatnonzero(kept).tolist()]
        return TextCells(self.file, columns, places=places, decimal=self.decimal, remark=self.remark)

    def replace_columns(self, changed: Mapping[str, Column]) -> "TextCells":
        """Return the same rows with some columns changed; ``changed`` maps a name to its cells [n]."""
        columns = {name: self.columns[name] for name in self.columns} | dict(changed)
        return TextCells(self.file, columns, places=self._places, decimal=self.decimal, remark=self.remark)

    def column(self, name: str) -> Column:
        """Return a column by name.

        Raises:
            SourceError: the file has no such column; the message lists the most similar names.
        """
        if name not in self.columns:
            near = difflib.get_close_matches(name, self.columns, n=3, cutoff=0.4) or list(self.columns)[:12]
            raise SourceError(f"{self.file} has no column '{name}'; it has {', '.join(map(repr, near))}")
        return self.columns[name]

    def make_error(self, row: int, column: str, why: str) -> SourceError:
        """Build the error for one cell; ``row`` counts from 0."""
        return SourceError(f"{self.file}: row {self.place(row)}, column '{column}': {why}")

    def texts(self, name: str) -> Column:
        """Return a column as stripped texts, None where empty; floats with whole values are written as integers."""
        texts = [_format_cell(cell) for cell in self.column(name)]
        if self.decimal == ",":
            texts = [text and (text.replace(",", ".") if _COMMA.fullmatch(text) else text) for text in texts]
        return np.array(texts, dtype=object)

    def match_rows(self, where: Mapping[str, Sequence[str]]) -> Bools:
        """Return which rows hold an allowed text in every column of ``where`` ``[n]``; an empty cell counts as "".

        Raises:
            SourceError: there is no such column, or no such row.
        """
        wanted = np.ones(len(self), dtype=np.bool_)
        for column, allowed in where.items():
            texts = self.texts(column)
            wanted &= np.array([(text or "") in allowed for text in texts], dtype=np.bool_)
            if not wanted.any():
                held = ", ".join(map(repr, list(dict.fromkeys(text or "" for text in texts))[:_SHOWN]))
                raise SourceError(f"{self.file}: no row matches where = {dict(where)}; '{column}' holds {held}")
        return wanted

    def read_numbers(self, name: str, missing: Sequence[Any] = (), *, durations: bool = False) -> Floats:
        """Return a column as floats ``[n]``, nan where a cell is empty or one of ``missing``.

        Args:
            name: name of the column.
            missing: texts or numbers that stand for a missing value.
            durations: whether cells are times such as ``0 days 00:01:30.5`` and ``1:30:00``; these become seconds.

        Raises:
            SourceError: a cell is not a number.
        """
        column = self.column(name)
        sentinels = {str(value) for value in missing}
        kept = np.array([np.nan if cell is None or str(cell).strip() in sentinels else cell for cell in column], object)
        if durations:
            kept = np.array([_parse_duration(cell) for cell in kept], dtype=object)  # None where it is not a duration
        if self.decimal == ",":
            kept = np.array([_convert_decimal_comma(cell) for cell in kept], dtype=object)
        bad = next((row for row, cell in enumerate(kept) if not is_number(cell)), None)
        if bad is not None:
            raise self.make_error(
                bad, name, _NO_DURATION if durations else _explain_no_number(column[bad], self.decimal)
            )
        values = kept.astype(np.float64)
        for value in missing:
            if is_number(value):
                values[values == float(value)] = np.nan
        return values

    def read_integers(self, name: str, rows: Bools, least: int) -> Ints:
        """Return a column as integers of at least ``least`` ``[n]``, ``least`` where ``rows`` is False.

        Raises:
            SourceError: a cell is empty, not an integer, or too small.
        """
        values = np.where(rows, self.read_numbers(name), least)
        bad = np.flatnonzero(~((values >= least) & (values <= 2**31) & (values == np.round(values))))
        if len(bad):
            raise self.make_error(
                int(bad[0]), name, f"{self.column(name)[bad[0]]!r} is not an integer of at least {least}"
            )
        return values.astype(np.int64)


def is_number(cell: Any) -> bool:
    """Return whether a cell holds a number or its text. Truth values, ``1_000`` and non-ASCII digits do not count."""
    if isinstance(cell, bool | np.bool_) or (isinstance(cell, str) and ("_" in cell or not cell.isascii())):
        return False
    try:
        float(cell)
    except (ValueError, TypeError):
        return False
    return True


def has_decimal_commas(cells: TextCells) -> bool:
    """Return whether some column of texts holds only numbers with decimal commas."""
    for column in cells.columns.values():
        texts = [cell.strip() for cell in column if isinstance(cell, str)]
        if any(map(_COMMA.fullmatch, texts)) and all(_COMMA.fullmatch(text) or is_number(text) for text in texts):
            return True
    return False


def _explain_no_number(cell: Any, decimal: str) -> str:
    if isinstance(cell, bool | np.bool_):
        return f"{cell} is a truth value, not a number"
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


def _parse_duration(cell: Any) -> float | None:
    """Return the seconds of a duration; keep nan; return None for anything else: a plain number may have any unit."""
    if isinstance(cell, pd.Timedelta):
        return float(cell.total_seconds())
    if isinstance(cell, float) and np.isnan(cell):
        return cell
    match = _DURATION.fullmatch(cell.strip()) if isinstance(cell, str) else None
    if not match:
        return None
    days, hours, minutes, seconds = match.groups()
    return ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(seconds)


def _format_cell(cell: Any) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip() or None
