"""Read external text files: decompress and decode them, and split tables, whose lines must all be complete."""

import bz2
import csv
import gzip
import importlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

BROKEN: tuple[type[Exception], ...] = (
    *(ValueError, OSError, EOFError, TypeError, AttributeError, LookupError, RecursionError, RuntimeError),
    *(csv.Error, zlib.error, lzma.LZMAError, zipfile.BadZipFile),
)
"""Exceptions that reading a damaged file may raise."""
_NAMED = "sep="  # first line of a file that names its separator, as Excel understands it
_SHOWN = 40  # most characters of a last line that a message shows
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Rows(NamedTuple):
    """A table of texts; ``lines`` holds the line number, from 1, where each row ends."""

    names: list[str]
    rows: list[list[str]]
    lines: list[int]


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8 (or UTF-16 with a byte order mark), also compressed.

    Raises:
        ValueError: the file has another encoding, or the archive holds several files. For a damaged file, any of the
            exceptions in ``BROKEN``.
    """
    unpack = _UNPACK.get(path.suffix.lower())
    return decode_text(unpack(path) if unpack else path.read_bytes())


def decode_text(data: bytes) -> str:
    """Return the text of bytes in UTF-8, or UTF-16 with a byte order mark.

    Raises:
        ValueError: the bytes have another encoding; names the line.
    """
    try:
        return data.decode("utf-16" if data[:2] in _UTF16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        at = data[: error.start].count(b"\n") + 1
        raise ValueError(
            f"line {at}: byte {data[error.start]:#04x} is not valid UTF-8; save the file as UTF-8"
        ) from None


def _unzip(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if len(names) != 1:
            raise ValueError(f"the archive holds {len(names)} files, expected one")
        return archive.read(names[0])


def _decompress_zstd(path: Path) -> bytes:
    try:
        module = importlib.import_module("zstandard")
    except ModuleNotFoundError:
        raise ValueError("install the package zstandard, or decompress the file") from None
    with module.open(path, "rb") as file:
        return bytes(file.read())


_UNPACK: dict[str, Callable[[Path], bytes]] = {
    ".gz": lambda path: gzip.decompress(path.read_bytes()),
    ".bz2": lambda path: bz2.decompress(path.read_bytes()),
    ".xz": lambda path: lzma.decompress(path.read_bytes()),
    ".zip": _unzip,
    ".zst": _decompress_zstd,
}
COMPRESSED = frozenset(_UNPACK)


def split_rows(text: str, separator: str) -> Rows:
    """Split a text into a header and rows with the same number of fields.

    Empty lines and lines that consist of separators are skipped. If the header has no ``separator`` but semicolons or
    tabs, these separate the fields: spreadsheets write such files where the comma is the decimal separator.

    Raises:
        ValueError: a row has another number of fields than the header, or a quote does not end; names the line.
    """
    text, skipped, separator = _find_separator(text, separator)
    lines = _number_lines(text, separator, skipped)
    _, header = next(lines, (0, []))
    names = [name.strip() for name in header]
    if not any(names):
        raise ValueError("the file is empty")
    rows, ends = [], []
    for line, fields in lines:
        if len(fields) != len(names):
            raise ValueError(_count_complaint(line, fields, len(names)))
        rows.append(fields)
        ends.append(line)
    return _remove_unnamed(Rows(names, rows, ends))


def _find_separator(text: str, usual: str) -> tuple[str, int, str]:
    """Return the text from its header on, the number of lines before it, and the separator of its fields."""
    first, _, rest = text.partition("\n")
    if first.lower().startswith(_NAMED) and len(first.rstrip("\r")) == len(_NAMED) + 1:
        return rest, 1, first[len(_NAMED)]
    header = next((line for line in text.splitlines() if line.strip()), "")
    others = [other for other in (usual, ",", ";", "\t") if len(next(csv.reader([header], delimiter=other), [])) > 1]
    return text, 0, usual if usual in others or not others else others[0]


def _number_lines(text: str, separator: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that are not empty, with their numbers."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ValueError(f"line {reader.line_num + skipped}: {error}") from None
        if any(field.strip() for field in fields):
            yield reader.line_num + skipped, fields


def _count_complaint(line: int, fields: list[str], expected: int) -> str:
    hint = (
        "if the file is truncated there, get it again"
        if len(fields) < expected
        else "put fields that contain the separator into quotes, and give every column a name"
    )
    return f"line {line}: {len(fields)} fields, but the header has {expected}; {hint}"


def _remove_unnamed(table: Rows) -> Rows:
    """Remove columns without name and content, which come from separators at the ends of lines."""
    kept = [i for i, name in enumerate(table.names) if name or any(row[i].strip() for row in table.rows)]
    if len(kept) == len(table.names):
        return table
    return Rows([table.names[i] for i in kept], [[row[i] for i in kept] for row in table.rows], table.lines)


def end_complaint(text: str) -> str:
    """Return a warning if the last cell of a table, or the last line of records, may be incomplete; else empty.

    A file that was truncated inside its last field otherwise looks complete.
    """
    if not text or text.endswith(("\n", "\r")):
        return ""
    last = text[max(text.rfind("\n"), text.rfind("\r")) + 1 :]
    shown = last if len(last) <= _SHOWN else f"...{last[-_SHOWN:]}"
    return f"its last line does not end with a newline: check that {shown!r} is complete, and the last row"
