"""The cells of a user's file, and errors that say where in it something is wrong."""

import difflib
import importlib.util
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nasbench.arrays import Bools, Floats, Ints
from nasbench.errors import MissingExtra, SourceError
from nasbench.importers._json import parse_json
from nasbench.importers._separated import BROKEN, COMPRESSED, end_complaint, read_text, split_rows

Column = npt.NDArray[np.object_]
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_SHOWN = 12  # distinct texts of a column that an error lists
_DURATION = re.compile(r"(?:(\d+) days? \+?)?(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)")

_NO_DURATION = "no duration such as '0 days 00:01:30.5' or '1:30:00'; a number needs a unit such as 's' or 'ms'"


class Cells:
    """Columns of cells; None is an empty one. Rows count from 1, below the header.

    Attributes:
        file: name of the file, for errors.
        columns: name -> [n] cells: texts (from CSV) or plain values.
        decimal: the decimal point of numbers, "." or ",".
        remark: what the reader of the file should know, such as that it may be cut; empty if nothing.
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
        """Name a row, given from 0, as errors do: its number, and its line in the file where that does not follow."""
        return self._places[row]

    def only(self, kept: Bools) -> "Cells":
        """Return the rows that are True in ``kept`` [n]; they keep their numbers."""
        columns = {name: column[kept] for name, column in self.columns.items()}
        places = [self._places[row] for row in np.flatnonzero(kept).tolist()]
        return Cells(self.file, columns, places=places, decimal=self.decimal, remark=self.remark)

    def column(self, name: str) -> Column:
        """Return a column by name.

        Raises:
            SourceError: there is none; the nearest names are offered.
        """
        if name not in self.columns:
            near = difflib.get_close_matches(name, self.columns, n=3, cutoff=0.4) or list(self.columns)[:12]
            raise SourceError(f"{self.file} has no column '{name}'; it has {', '.join(map(repr, near))}")
        return self.columns[name]

    def wrong(self, row: int, column: str, why: str) -> SourceError:
        """Build the error for one cell; ``row`` counts from 0."""
        return SourceError(f"{self.file}: row {self.place(row)}, column '{column}': {why}")

    def texts(self, name: str) -> Column:
        """Return a column as texts without spaces at the ends, None where empty; whole floats as integers."""
        texts = [_text(cell) for cell in self.column(name)]
        if self.decimal == ",":
            texts = [text and (text.replace(",", ".") if _COMMA.fullmatch(text) else text) for text in texts]
        return np.array(texts, dtype=object)

    def wanted(self, where: Mapping[str, Sequence[str]]) -> Bools:
        """Tell which rows hold one of the texts in every column of ``where``; an empty cell is the text ""; ``[n]``.

        Raises:
            SourceError: no such column, or no such row.
        """
        wanted = np.ones(len(self), dtype=np.bool_)
        for column, allowed in where.items():
            texts = self.texts(column)
            wanted &= np.array([(text or "") in allowed for text in texts], dtype=np.bool_)
            if not wanted.any():
                held = ", ".join(map(repr, list(dict.fromkeys(text or "" for text in texts))[:_SHOWN]))
                raise SourceError(f"{self.file}: no row where {dict(where)}; '{column}' holds {held}")
        return wanted

    def numbers(self, name: str, missing: Sequence[Any] = (), *, durations: bool = False) -> Floats:
        """Return a column as floats, nan where it is empty or holds one of ``missing``; ``[n]``.

        Args:
            name: of the column.
            missing: texts or numbers that stand for a missing value.
            durations: whether cells are times such as ``0 days 00:01:30.5`` and ``1:30:00``; they become seconds.

        Raises:
            SourceError: a cell that is no number.
        """
        column = self.column(name)
        sentinels = {str(value) for value in missing}
        kept = np.array([np.nan if cell is None or str(cell).strip() in sentinels else cell for cell in column], object)
        if durations:
            kept = np.array([_seconds(cell) for cell in kept], dtype=object)  # None where it is no duration
        if self.decimal == ",":
            kept = np.array([_pointed(cell) for cell in kept], dtype=object)
        bad = next((row for row, cell in enumerate(kept) if not is_number(cell)), None)
        if bad is not None:
            raise self.wrong(bad, name, _NO_DURATION if durations else _no_number(column[bad], self.decimal))
        values = kept.astype(np.float64)
        for value in missing:
            if is_number(value):
                values[values == float(value)] = np.nan
        return values

    def integers(self, name: str, rows: Bools, least: int) -> Ints:
        """Return whole numbers of at least ``least``; ``[n]``, 0 where ``rows`` is False.

        Raises:
            SourceError: an empty cell, a broken number, or one that is too small.
        """
        values = np.where(rows, self.numbers(name), least)
        bad = np.flatnonzero(~((values >= least) & (values <= 2**31) & (values == np.round(values))))
        if len(bad):
            raise self.wrong(int(bad[0]), name, f"{self.column(name)[bad[0]]!r} is no integer from {least}")
        return values.astype(np.int64)


def is_number(cell: Any) -> bool:
    """Tell whether a cell holds a number or its text: no truth value, no ``1_000``, no other digits than 0 to 9."""
    if isinstance(cell, bool | np.bool_) or (isinstance(cell, str) and ("_" in cell or not cell.isascii())):
        return False
    try:
        float(cell)
    except (ValueError, TypeError):
        return False
    return True


def has_decimal_commas(cells: Cells) -> bool:
    """Tell whether some column of texts holds nothing but numbers with decimal commas."""
    for column in cells.columns.values():
        texts = [cell.strip() for cell in column if isinstance(cell, str)]
        if any(map(_COMMA.fullmatch, texts)) and all(_COMMA.fullmatch(text) or is_number(text) for text in texts):
            return True
    return False


def _no_number(cell: Any, decimal: str) -> str:
    if isinstance(cell, bool | np.bool_):
        return f"{cell} is a truth value, no number"
    if decimal == "." and isinstance(cell, str) and "," in cell and is_number(cell.replace(",", "")):
        return f"{cell!r} has a comma: write thousands without; decimal = ',' in the mapping reads decimal commas"
    if decimal == "," and isinstance(cell, str) and is_number(cell):
        return f"{cell!r} has a point in a file of decimal commas: write numbers in one way"
    return f"{cell!r} is no number; if it stands for a missing one, say missing = {cell!r}"


def _pointed(cell: Any) -> Any:
    """Write a point for a decimal comma; what has a point already is left as what is no number."""
    if not isinstance(cell, str):
        return cell
    return None if "." in cell else cell.strip().replace(",", ".") if _COMMA.fullmatch(cell.strip()) else cell


def _seconds(cell: Any) -> float | None:
    """Return the seconds of a duration, nan as it is, None for anything else: a mere number may be of any unit."""
    if isinstance(cell, pd.Timedelta):
        return float(cell.total_seconds())
    if isinstance(cell, float) and np.isnan(cell):
        return cell
    match = _DURATION.fullmatch(cell.strip()) if isinstance(cell, str) else None
    if not match:
        return None
    days, hours, minutes, seconds = match.groups()
    return ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(seconds)


def _text(cell: Any) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip() or None


def read_cells(path: Path, decimal: str = ".") -> Cells:
    """Read a CSV or TSV file, JSON or JSON lines (all also compressed), or Parquet.

    Args:
        path: the file.
        decimal: "." or ",", the decimal point of its numbers.

    Raises:
        SourceError: no such file, another format, a damaged one, a line of more or fewer fields than the header, no
            rows, or a column name twice.
        MissingExtra: a Parquet file without pyarrow.
    """
    if not path.is_file():
        raise SourceError(f"{path} is no file")
    suffix = next((part for part in reversed(path.suffixes) if part.lower() not in COMPRESSED), "").lower()
    if suffix not in _READERS:
        raise SourceError(f"{path}: its name ends with none of {', '.join(_READERS)}")
    try:
        names, rows, places, remark = _READERS[suffix](path, suffix)
    except BROKEN as error:
        raise SourceError(f"{path} cannot be read as {suffix[1:]}: {error}") from error
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise SourceError(f"{path} has two columns '{twice[0]}'")
    if len(rows) == 0 or not names:
        raise SourceError(f"{path} holds no rows")
    columns = {name: rows[:, i] for i, name in enumerate(names)}
    return Cells(path.name, columns, places=places, decimal=decimal, remark=remark)


_Read = tuple[list[str], Column, list[str], str]  # names, cells [n, k], places for errors, a remark


def _separated(path: Path, suffix: str) -> _Read:
    text = read_text(path)
    names, rows, lines = split_rows(text, _SEPARATORS[suffix])
    # The header is a line too: only where empty lines or line breaks inside cells come before does this not follow.
    places = [f"{row} (line {line})" if line != row + 1 else str(row) for row, line in enumerate(lines, start=1)]
    return names, _emptied(_array(rows, len(names))), places, end_complaint(text)


def _parquet(path: Path, _: str) -> _Read:
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingExtra("reading Parquet", "parquet")
    frame = pd.read_parquet(path, engine="pyarrow")
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    if frame.map(lambda cell: isinstance(cell, np.ndarray | list | dict)).to_numpy().any():
        return *_from_records([_flat(_plain(record)) for record in frame.to_dict("records")]), [], ""
    return *_from_frame(frame), [], ""


def _plain(value: Any) -> Any:
    """Turn arrays inside a record into lists."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, np.ndarray | list) else value


def _json(path: Path, _: str) -> _Read:
    """Read a list of records, a table of columns, or records by key (then the column ``key`` holds it)."""
    loaded = parse_json(read_text(path))
    if isinstance(loaded, dict) and loaded and all(isinstance(value, dict) for value in loaded.values()):
        if keyed := [key for key, record in loaded.items() if "key" in record]:
            raise ValueError(f"record {keyed[0]!r} has a field 'key' of its own, where its key belongs: rename it")
        loaded = [{"key": key, **record} for key, record in loaded.items()]
    if isinstance(loaded, list):
        return *_from_records([_record(item, f"item {i}") for i, item in enumerate(loaded, start=1)]), [], ""
    return *_from_frame(pd.DataFrame(loaded, dtype=object)), [], ""


def _json_lines(path: Path, _: str) -> _Read:
    text = read_text(path)
    records = []
    for i, line in enumerate(text.split("\n"), start=1):
        try:
            records += [_record(parse_json(line), f"line {i}")] if line.strip() else []
        except ValueError as error:
            raise ValueError(str(error) if str(error).startswith("line ") else f"line {i}: {error}") from None
    return *_from_records(records), [], ""


def _record(item: Any, place: str) -> dict[str, Any]:
    """Return a record as one level of names.

    Raises:
        ValueError: it is no object or list.
    """
    if not isinstance(item, dict | list):
        raise ValueError(f"{place} is {item!r}, expected an object")
    return _flat(item)


def _flat(value: Any) -> dict[str, Any]:
    """Spread nested objects and lists over names such as ``valid.accuracy.0``.

    Raises:
        ValueError: two of them get one name.
    """
    if not isinstance(value, dict | list):
        return {"": value}
    made: dict[str, Any] = {}
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        for name, cell in _flat(item).items():
            full = f"{key}.{name}" if isinstance(item, dict | list) else str(key)
            if full in made:
                raise ValueError(f"two fields are called {full!r} when nested ones are spread: rename one")
            made[full] = cell
    return made


def _from_records(records: list[dict[str, Any]]) -> tuple[list[str], Column]:
    return _from_frame(pd.DataFrame(records, dtype=object))


def _from_frame(frame: Any) -> tuple[list[str], Column]:
    return [str(name) for name in frame.columns], _emptied(frame.to_numpy(dtype=object))


def _array(rows: list[list[str]], width: int) -> Column:
    cells = np.empty((len(rows), width), dtype=object)
    for cell, row in zip(cells, rows, strict=True):
        cell[:] = row
    return cells


def _emptied(cells: Column) -> Column:
    """Put None for empty texts and for what pandas calls missing."""
    cells = cells.copy()
    cells[pd.isna(cells) | (cells == "")] = None
    return cells


_READERS = {
    ".csv": _separated,
    ".tsv": _separated,
    ".parquet": _parquet,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
