"""Reading a user's file into cells: CSV and TSV, Parquet, JSON and JSON lines."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasbench.errors import MissingExtra, SourceError
from nasbench.importers._cells import Column, TextCells
from nasbench.importers._json import parse_json
from nasbench.importers._separated import BROKEN, COMPRESSED, end_complaint, read_text, split_rows

_SHOWN = 12  # names of columns that an error lists
_SEPARATORS = {".csv": ",", ".tsv": "\t"}


def read_cells(path: Path, decimal: str = ".") -> TextCells:
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
    return TextCells(path.name, columns, places=places, decimal=decimal, remark=remark)


_Read = tuple[list[str], Column, list[str], str]  # names, cells [n, k], places for errors, a remark


def _read_separated(path: Path, suffix: str) -> _Read:
    text = read_text(path)
    names, rows, lines = split_rows(text, _SEPARATORS[suffix])
    # The header is a line too: only where empty lines or line breaks inside cells come before does this not follow.
    places = [f"{row} (line {line})" if line != row + 1 else str(row) for row, line in enumerate(lines, start=1)]
    return names, _empty_missing(_build_array(rows, len(names))), places, end_complaint(text)


def _read_parquet(path: Path, _: str) -> _Read:
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingExtra("reading Parquet", "parquet")
    frame = pd.read_parquet(path, engine="pyarrow")
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    if frame.map(lambda cell: isinstance(cell, np.ndarray | list | dict)).to_numpy().any():
        return *_convert_records([_flatten(_convert_arrays(record)) for record in frame.to_dict("records")]), [], ""
    return *_convert_frame(frame), [], ""


def _convert_arrays(value: Any) -> Any:
    """Turn arrays inside a record into lists."""
    if isinstance(value, dict):
        return {key: _convert_arrays(item) for key, item in value.items()}
    return [_convert_arrays(item) for item in value] if isinstance(value, np.ndarray | list) else value


def _read_json(path: Path, _: str) -> _Read:
    """Read a list of records, a table of columns, or records by key (then the column ``key`` holds it)."""
    loaded = parse_json(read_text(path))
    if isinstance(loaded, dict) and loaded and all(isinstance(value, dict) for value in loaded.values()):
        if keyed := [key for key, record in loaded.items() if "key" in record]:
            raise ValueError(f"record {keyed[0]!r} has a field 'key' of its own, where its key belongs: rename it")
        loaded = [{"key": key, **record} for key, record in loaded.items()]
    if isinstance(loaded, dict):
        loaded = _split_into_records(loaded)
    return *_convert_records([_record(item, f"item {i}") for i, item in enumerate(loaded, start=1)]), [], ""


def _split_into_records(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the records of a table of columns.

    Raises:
        ValueError: something other than lists of one length.
    """
    lengths = {name: len(values) if isinstance(values, list) else -1 for name, values in columns.items()}
    if len(set(lengths.values())) > 1 or -1 in lengths.values():
        shown = ", ".join(f"{name!r}: {n if n >= 0 else 'no list'}" for name, n in list(lengths.items())[:_SHOWN])
        raise ValueError(f"expected records, or columns as lists of one length; lengths are {shown}")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _read_json_lines(path: Path, _: str) -> _Read:
    text = read_text(path)
    records = []
    for i, line in enumerate(text.split("\n"), start=1):
        try:
            records += [_record(parse_json(line), f"line {i}")] if line.strip() else []
        except ValueError as error:
            raise ValueError(str(error) if str(error).startswith("line ") else f"line {i}: {error}") from None
    return *_convert_records(records), [], ""


def _record(item: Any, place: str) -> dict[str, Any]:
    """Return a record as one level of names.

    Raises:
        ValueError: it is no object or list.
    """
    if not isinstance(item, dict | list):
        raise ValueError(f"{place} is {item!r}, expected an object")
    return _flatten(item)


def _flatten(value: Any) -> dict[str, Any]:
    """Spread nested objects and lists over names such as ``valid.accuracy.0``.

    Raises:
        ValueError: two of them get one name.
    """
    if not isinstance(value, dict | list):
        return {"": value}
    made: dict[str, Any] = {}
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        for name, cell in _flatten(item).items():
            full = f"{key}.{name}" if isinstance(item, dict | list) else str(key)
            if full in made:
                raise ValueError(f"two fields are called {full!r} when nested ones are spread: rename one")
            made[full] = cell
    return made


def _convert_records(records: list[dict[str, Any]]) -> tuple[list[str], Column]:
    return _convert_frame(pd.DataFrame(records, dtype=object))


def _convert_frame(frame: Any) -> tuple[list[str], Column]:
    return [str(name) for name in frame.columns], _empty_missing(frame.to_numpy(dtype=object))


def _build_array(rows: list[list[str]], width: int) -> Column:
    cells = np.empty((len(rows), width), dtype=object)
    for cell, row in zip(cells, rows, strict=True):
        cell[:] = row
    return cells


def _empty_missing(cells: Column) -> Column:
    """Put None for empty texts and for what pandas calls missing."""
    cells = cells.copy()
    cells[pd.isna(cells) | (cells == "")] = None
    return cells


_READERS = {
    ".csv": _read_separated,
    ".tsv": _read_separated,
    ".parquet": _read_parquet,
    ".json": _read_json,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}
