"""Read a user's file into cells: CSV and TSV, Parquet, JSON and JSON lines."""

import importlib
import importlib.util
import json
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nasbench.errors import MissingExtra, SourceError
from nasbench.file_contents import check_content
from nasbench.importers._cells import LinePlaces, SkippedRows, TextCells
from nasbench.importers._columns import Column
from nasbench.importers._json import parse_json
from nasbench.importers._separated import BROKEN, COMPRESSED, MOST_BYTES, read_bytes, read_text
from nasbench.importers._text_tables import split_table

_DEEPEST = 32  # levels of nested objects and lists
_SHOWN = 12  # most column names that an error message lists
_MOST_FIELDS = 20_000  # of one record; a learning curve has one for each epoch
_MOST_CELLS = 5 * 10**7  # of a Parquet file; each becomes a Python object of about 40 bytes
_SEPARATORS = {".csv": ",", ".tsv": "\t"}


def read_cells(
    path: Path, decimal: str = ".", whole: Collection[str] = (), *, skip_unreadable: bool = False
) -> TextCells:
    """Read a CSV, TSV, JSON or JSON lines file (also compressed), or a Parquet file.

    Args:
        path: the file.
        decimal: the decimal separator of its numbers, "." or ",".
        whole: columns whose nested values are kept as JSON, such as that of the architecture.
        skip_unreadable: leave out lines of a CSV file with more or fewer fields than the header, and count them in
            ``skipped``.

    Raises:
        SourceError: the file is missing, damaged, or of another format; a line has more or fewer fields than the
            header; there are no rows; or a column name appears twice.
        MissingExtra: pyarrow, which Parquet needs, is not installed.
    """
    if not path.is_file():
        raise SourceError(f"{path} does not exist or is not a file")
    suffix = next((part for part in reversed(path.suffixes) if part.lower() not in COMPRESSED), "").lower()
    if suffix not in READABLE:
        raise SourceError(f"{path}: the name must end with one of {', '.join(READABLE)}")
    check_content(path, *_FORMATS.get(path.suffix.lower(), ()))
    try:
        if suffix in _SEPARATORS:
            return _read_separated(path, suffix, decimal, skip_unreadable=skip_unreadable)
        names, rows, places, remark = _READERS[suffix](path, suffix, whole)
    except BROKEN as error:
        raise SourceError(f"{path} cannot be read as {suffix[1:]}: {error}") from error
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise SourceError(f"{path} has two columns named '{twice[0]}'")
    if len(rows) == 0 or not names:
        raise SourceError(f"{path} holds no rows")
    columns = {name: rows[:, i] for i, name in enumerate(names)}
    return TextCells(path.name, columns, places=places, decimal=decimal, remark=remark)


_Read = tuple[list[str], Column, list[str], str]  # names, cells [n, k], places for errors, a remark


def _read_separated(path: Path, suffix: str, decimal: str, *, skip_unreadable: bool) -> TextCells:
    table = split_table(read_bytes(path, MOST_BYTES), _SEPARATORS[suffix])
    if table.uneven and not skip_unreadable:
        more = f" ({len(table.uneven):,} such lines)" if len(table.uneven) > 1 else ""
        raise ValueError(f"{table.uneven[0]}{more}")
    if not len(table.lines):
        raise ValueError("it holds no rows")
    skipped = (SkippedRows(len(table.uneven), f"{path.name}: {table.uneven[0]}"),) if table.uneven else ()
    places = LinePlaces(table.lines)
    return TextCells(path.name, table.columns, places=places, decimal=decimal, remark=table.complaint, skipped=skipped)


def _read_parquet(path: Path, _: str, whole: Collection[str]) -> _Read:
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingExtra("reading Parquet", "parquet")
    _check_size(path)
    frame = pd.read_parquet(path, engine="pyarrow")
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    if frame.map(lambda cell: isinstance(cell, np.ndarray | list | dict)).to_numpy().any():
        return (
            *convert_records([flatten_record(_convert_arrays(record), whole) for record in frame.to_dict("records")]),
            [],
            "",
        )
    return *_convert_frame(frame), [], ""


def _check_size(path: Path) -> None:
    """Refuse a Parquet file that needs too much memory, by what its footer says of its size.

    Raises:
        ValueError: it has more cells than the limit.
    """
    parquet = importlib.import_module("pyarrow.parquet")
    with parquet.ParquetFile(path) as file:
        groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
        n_cells = sum(group.column(j).num_values for group in groups for j in range(group.num_columns))  # of lists, too
    if n_cells > _MOST_CELLS:
        raise ValueError(
            f"it holds {n_cells:,} cells, more than {_MOST_CELLS:,}, the limit of this format: write only the columns "
            "in use, or split it by rows and join the tables with 'nasbench append'"
        )


def _convert_arrays(value: Any) -> Any:
    """Convert the arrays inside a record to lists."""
    if isinstance(value, dict):
        return {key: _convert_arrays(item) for key, item in value.items()}
    return [_convert_arrays(item) for item in value] if isinstance(value, np.ndarray | list) else value


def _read_json(path: Path, _: str, whole: Collection[str]) -> _Read:
    """Read a list of records, a table of columns, or records by key (the column ``key`` then holds the key)."""
    loaded = parse_json(read_text(path))
    if isinstance(loaded, dict) and loaded and all(isinstance(value, dict) for value in loaded.values()):
        if keyed := [key for key, record in loaded.items() if "key" in record]:
            raise ValueError(
                f"record {keyed[0]!r} has a field 'key', a name that is reserved for the record's key: rename it"
            )
        loaded = [{"key": key, **record} for key, record in loaded.items()]
    if isinstance(loaded, dict):
        loaded = _split_into_records(loaded)
    return *convert_records([_record(item, f"item {i}", whole) for i, item in enumerate(loaded, start=1)]), [], ""


def _split_into_records(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Convert a table of columns to records.

    Raises:
        ValueError: the columns are not lists of the same length.
    """
    lengths = {name: len(values) if isinstance(values, list) else -1 for name, values in columns.items()}
    if len(set(lengths.values())) > 1 or -1 in lengths.values():
        shown = ", ".join(f"{name!r}: {n if n >= 0 else 'not a list'}" for name, n in list(lengths.items())[:_SHOWN])
        raise ValueError(f"expected records, or columns as lists of the same length; lengths are {shown}")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _read_json_lines(path: Path, _: str, whole: Collection[str]) -> _Read:
    text = read_text(path)
    records = []
    for i, line in enumerate(text.split("\n"), start=1):
        try:
            records += [_record(parse_json(line), f"line {i}", whole)] if line.strip() else []
        except ValueError as error:
            raise ValueError(str(error) if str(error).startswith("line ") else f"line {i}: {error}") from None
    return *convert_records(records), [], ""


def _record(item: Any, place: str, whole: Collection[str]) -> dict[str, Any]:
    """Return a record as a flat dictionary.

    Raises:
        ValueError: the record is neither an object nor a list.
    """
    if not isinstance(item, dict | list):
        raise ValueError(f"{place} is {item!r}, expected an object")
    return flatten_record(item, whole)


def flatten_record(value: Any, whole: Collection[str] = (), depth: int = 0) -> dict[str, Any]:
    """Flatten nested objects and lists to names such as ``valid.accuracy.0``.

    Args:
        value: the record.
        whole: names whose values are kept, as JSON: an architecture may be nested itself.
        depth: the level of the value in the record.

    Raises:
        ValueError: two fields get the same name, the nesting is too deep, or there are too many fields.
    """
    if not isinstance(value, dict | list):
        return {"": value}
    if depth > _DEEPEST:
        raise ValueError(f"its objects and lists are nested more than {_DEEPEST} deep")
    made: dict[str, Any] = {}
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, dict | list) and str(key) not in whole:
            inner = [name.removeprefix(f"{key}.") for name in whole if name.startswith(f"{key}.")]
            cells = {f"{key}.{name}": cell for name, cell in flatten_record(item, inner, depth + 1).items()}
        else:
            cells = {str(key): json.dumps(item) if isinstance(item, dict | list) else item}
        for full, cell in cells.items():
            if full in made:
                raise ValueError(f"two fields get the name {full!r} after flattening: rename one")
            made[full] = cell
        if len(made) > _MOST_FIELDS:
            raise ValueError(f"a record has more than {_MOST_FIELDS:,} fields, lists element by element")
    return made


def convert_records(records: list[dict[str, Any]]) -> tuple[list[str], Column]:
    """Return the names of all fields and the cells [n, k] of flat records; a field that a record lacks is empty.

    Raises:
        ValueError: the cells are more than the limit.
    """
    fields = {name for record in records for name in record}
    if len(records) * len(fields) > _MOST_CELLS:
        raise ValueError(
            f"{len(records):,} records with {len(fields):,} different fields; at most {_MOST_CELLS:,} cells"
        )
    return _convert_frame(pd.DataFrame(records, dtype=object))


def _convert_frame(frame: Any) -> tuple[list[str], Column]:
    return [str(name) for name in frame.columns], _empty_missing(frame.to_numpy(dtype=object))


def _empty_missing(cells: Column) -> Column:
    """Replace empty texts and pandas' missing values by None."""
    cells = cells.copy()
    cells[pd.isna(cells) | (cells == "")] = None
    return cells


_READERS = {
    ".parquet": _read_parquet,
    ".json": _read_json,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}
READABLE = (*_SEPARATORS, *_READERS)
"""Endings of the files that can be read."""
_FORMATS = {
    **{".gz": ("gzip",), ".bz2": ("bzip2",), ".xz": ("xz",), ".zip": ("zip",), ".zst": ("zstd",)},
    ".parquet": ("Parquet",),
}
