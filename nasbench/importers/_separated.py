"""Read external text files: decompress and decode them, and split tables, whose lines must all be complete."""

import bz2
import contextlib
import csv
import gzip
import importlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

BROKEN: tuple[type[Exception], ...] = (
    *(ValueError, OSError, EOFError, TypeError, AttributeError, LookupError, RecursionError, RuntimeError),
    *(csv.Error, zlib.error, lzma.LZMAError, zipfile.BadZipFile),
)
"""Exceptions that reading a damaged file may raise."""
MOST_BYTES = 2**31
"""Largest table, in bytes of text, that is read; it takes about as much memory, and more for the columns in use."""
MOST_NESTED_BYTES = 2**28
"""The same for texts that become a Python object for each value, which take ten times their size."""
_BLOCK = 2**24
_NAMED = "sep="  # first line of a file that names its separator, as Excel understands it
_SHOWN = 40  # most characters of a last line that a message shows
_LATIN = 0xA0  # from here on, Latin-1 has printable characters

UTF16 = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks of UTF-16."""


class Rows(NamedTuple):
    """A table of texts; ``lines`` holds the line number, from 1, where each row ends."""

    names: list[str]
    rows: list[list[str]]
    lines: list[int]


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8 (or UTF-16 with a byte order mark), also compressed.

    Raises:
        ValueError: the file has another encoding or is too large, or the archive holds several files. For a damaged
            file, any of the exceptions in ``BROKEN``.
    """
    return decode_text(read_bytes(path, MOST_NESTED_BYTES))


def read_bytes(path: Path, most: int) -> bytes:
    """Return the bytes of a file, decompressed.

    Raises:
        ValueError: there are more than ``most`` bytes, or the archive holds several files. For a damaged file, any of
            the exceptions in ``BROKEN``.
    """
    blocks: list[bytes] = []
    left = most
    with _OPEN.get(path.suffix.lower(), _open_plain)(path) as file:
        while block := file.read(min(_BLOCK, left + 1)):
            blocks.append(block)
            left -= len(block)
            if left < 0:
                raise ValueError(
                    f"it holds more than {most // 2**20:,} MiB of text, the limit of this format: split it by rows and "
                    "join the tables with 'nasbench append', or save the columns in use as Parquet"
                )
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)


def decode_text(data: bytes) -> str:
    """Return the text of bytes in UTF-8, or UTF-16 with a byte order mark.

    Raises:
        ValueError: the bytes have another encoding; names the line.
    """
    try:
        return data.decode("utf-16" if data[:2] in UTF16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        at = data[: error.start].count(b"\n") + 1
        byte = data[error.start]
        latin = f" (it may be in Latin-1, where the byte is {chr(byte)!r})" if byte >= _LATIN else ""
        raise ValueError(f"line {at}: byte {byte:#04x} is not valid UTF-8; save the file as UTF-8{latin}") from None


def _open_plain(path: Path) -> IO[bytes]:
    return path.open("rb")


@contextlib.contextmanager
def _open_zip(path: Path) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if len(names) != 1:
            raise ValueError(f"the archive holds {len(names)} files, expected one")
        with archive.open(names[0]) as file:
            yield file


def _open_zstd(path: Path) -> Any:
    try:
        module = importlib.import_module("zstandard")
    except ModuleNotFoundError:
        raise ValueError("install the package zstandard, or decompress the file") from None
    return module.open(path, "rb")


_OPEN: dict[str, Callable[[Path], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zip": _open_zip,
    ".zst": _open_zstd,
}
COMPRESSED = frozenset(_OPEN)


def split_rows(text: str, separator: str, uneven: list[str] | None = None) -> Rows:
    """Split a text into a header and rows with the same number of fields.

    Empty lines and lines that consist of separators are skipped. If the header has no ``separator`` but semicolons or
    tabs, these separate the fields: spreadsheets write such files where the comma is the decimal separator.

    Args:
        text: the table.
        separator: between the fields.
        uneven: if given, rows with another number of fields than the header are left out, and the messages about them
            added to this list.

    Raises:
        ValueError: a row has another number of fields than the header, or a quote does not end; names the line.
    """
    start, skipped, separator = find_separator(text, separator)
    lines = _number_lines(text[start:], separator, skipped)
    _, header = next(lines, (0, []))
    names = [name.strip() for name in header]
    if not any(names):
        raise ValueError("the file is empty")
    rows, ends = [], []
    for line, fields in lines:
        if len(fields) != len(names):
            complaint = make_count_complaint(line, len(fields), len(names))
            if uneven is None:
                raise ValueError(complaint)
            uneven.append(complaint)
            continue
        rows.append(fields)
        ends.append(line)
    return _remove_unnamed(Rows(names, rows, ends))


def find_separator(text: str, usual: str) -> tuple[int, int, str]:
    """Return where the header starts, the number of lines before it, and the separator of its fields.

    The start of a text is enough, if it contains the header.
    """
    first, _, rest = text.partition("\n")
    if first.lower().startswith(_NAMED) and len(first.rstrip("\r")) == len(_NAMED) + 1:
        return len(text) - len(rest), 1, first[len(_NAMED)]
    header = next((line for line in text.splitlines() if line.strip()), "")
    others = [other for other in (usual, ",", ";", "\t") if len(next(csv.reader([header], delimiter=other), [])) > 1]
    return 0, 0, usual if usual in others or not others else others[0]


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


def make_count_complaint(line: int, n_fields: int, expected: int) -> str:
    """Return the message about a row with ``n_fields`` fields instead of ``expected``."""
    hint = (
        "if the file is truncated there, get it again"
        if n_fields < expected
        else "put fields that contain the separator into quotes, and give every column a name"
    )
    return f"line {line}: {n_fields} fields, but the header has {expected}; {hint}"


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
