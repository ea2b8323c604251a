"""Read a table from separated text: fast where its quotes and line breaks are regular, else by Python's own reader."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Ints
from nasbench.importers._columns import Column, Columns, ObjectColumns, TextColumns, make_column
from nasbench.importers._fields import Fields, find_fields
from nasbench.importers._separated import (
    MOST_NESTED_BYTES,
    UTF16,
    decode_text,
    end_complaint,
    find_separator,
    make_count_complaint,
    split_rows,
)

_MARK = b"\xef\xbb\xbf"
_HEAD = 2**20  # bytes in which the header ends


class TextTable(NamedTuple):
    """A table of texts.

    Attributes:
        columns: the cells of all columns that have a name or hold anything.
        lines: [n] the line number, from 1, where each row ends.
        uneven: messages about the rows with more or fewer fields than the header, which are left out.
        complaint: why the last line may be incomplete; empty if it looks complete.
    """

    columns: Columns
    lines: Ints
    uneven: list[str]
    complaint: str


def split_table(data: bytes, separator: str) -> TextTable:
    """Split a text into named columns; ``split_rows`` explains what counts as a row and as a separator.

    Raises:
        ValueError: the text is empty, has another encoding, two columns of one name or a quote that does not end; names
            the line.
    """
    if data[:2] in UTF16 or not data.isascii():
        data = decode_text(data).encode()
    data = data.removeprefix(_MARK)
    if b"\r" in data and b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    complaint = end_complaint(data[-_HEAD:].decode(errors="ignore"))
    start, skipped, own = find_separator(data[:_HEAD].decode(errors="ignore"), separator)
    found = find_fields(data[start:] if start else data, own)
    if found is None:
        return _split_slowly(data, separator, complaint)
    fields, uneven = found
    names = _check_names([text or "" for text in fields.read_line(0)])
    complaints = [make_count_complaint(line + skipped, n, len(names)) for line, n in uneven]
    body = fields.select(slice(1, None))
    columns = TextColumns({name: at for at, name in enumerate(names) if name or _holds_text(body, at)}, body)
    return TextTable(columns, body.lines.astype(np.int64) + skipped, complaints, complaint)


def _split_slowly(data: bytes, separator: str, complaint: str) -> TextTable:
    if len(data) > MOST_NESTED_BYTES:
        raise ValueError(
            f"it holds more than {MOST_NESTED_BYTES // 2**20} MiB of text with irregular quotes or line breaks: put a "
            'field with quotes into quotes, write each quote in it twice (""), and end all lines alike'
        )
    uneven: list[str] = []
    names, rows, lines = split_rows(data.decode(), separator, uneven)
    columns = {name: _make_texts([row[i] for row in rows]) for i, name in enumerate(_check_names(names))}
    return TextTable(ObjectColumns(columns), np.array(lines, dtype=np.int64), uneven, complaint)


def _make_texts(texts: Sequence[str]) -> Column:
    return make_column([text or None for text in texts])


def _check_names(given: Sequence[str]) -> list[str]:
    """Return the stripped names of the columns.

    Raises:
        ValueError: no column has a name, or two have the same.
    """
    names = [name.strip() for name in given]
    if not any(names):
        raise ValueError("the file is empty")
    for i, name in enumerate(names):
        if name and name in names[:i]:
            raise ValueError(f"two columns named '{name}', columns {names.index(name) + 1} and {i + 1}: rename one")
    return names


def _holds_text(fields: Fields, column: int) -> bool:
    start, end = fields.bounds(column)
    at = np.flatnonzero(end > start).tolist()
    return any(fields.data[start[row] : end[row]].strip() for row in at)
