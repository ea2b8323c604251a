"""Find the fields of a large separated text without a Python object for each: only their positions in its bytes.

Every byte is looked at with numpy, block by block, so that a million lines take a second and four bytes a field. The
result is that of ``csv.reader`` in its strict mode. Texts in which that is not certain (a quote inside an unquoted
field, a lone carriage return) are left to it: ``find_fields`` then returns None.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Bits, Bools, Ints

_BLOCK = 1 << 19  # bytes looked at together
_ROWS = 1 << 16  # fields cut out together
_QUOTE, _RETURN, _NEWLINE = b'"\r\n'
_BLANK = b' \t\r\n\v\f\x1c\x1d\x1e\x1f"'
_ASCII = 0x80
_TAILS = np.array([(1 << (8 * n)) - 1 for n in range(9)], dtype=np.uint64)  # keeps the first n bytes of a word


class Fields(NamedTuple):
    """The places of all fields of n lines with k fields each.

    Attributes:
        data: the text, padded with zeros to whole words of 8 bytes.
        first: [n] where each line starts.
        ends: [n, k] where each field ends: the place of the separator or line break after it.
        lines: [n] number of each line, from 1; of the last one, if quoted line breaks make it span several.
        has_quotes: whether there are quoted fields.
    """

    data: bytes
    first: npt.NDArray[np.unsignedinteger[Any]]
    ends: npt.NDArray[np.unsignedinteger[Any]]
    lines: npt.NDArray[np.unsignedinteger[Any]]
    has_quotes: bool

    def bounds(self, column: int) -> tuple[Ints, Ints]:
        """Return where the fields of a column start and end, without their quotes; ``[n]`` each."""
        start = (self.first if column == 0 else self.ends[:, column - 1]).astype(np.int64)
        start += column > 0
        end = self.ends[:, column].astype(np.int64)
        buffer = np.frombuffer(self.data, dtype=np.uint8)
        if column == self.ends.shape[1] - 1:
            end -= (end > start) & (buffer.take(end - 1, mode="clip") == _RETURN)
        if self.has_quotes:
            quoted = (end > start) & (buffer[start] == _QUOTE)
            start += quoted
            end -= quoted
        return start, end

    def select(self, rows: slice) -> "Fields":
        """Return some of the lines."""
        return self._replace(first=self.first[rows], ends=self.ends[rows], lines=self.lines[rows])

    def read_line(self, row: int) -> list[str]:
        """Return the texts of one line."""
        line = self.select(slice(row, row + 1))
        places = [line.bounds(column) for column in range(self.ends.shape[1])]
        return [self.cut(int(start[0]), int(end[0])) for start, end in places]

    def cut(self, start: int, end: int) -> str:
        """Return the text of a field between two places; a doubled quote is one."""
        text = self.data[start:end].decode()
        return text.replace('""', '"') if self.has_quotes else text


class Uneven(NamedTuple):
    """A line with more or fewer fields than the header."""

    line: int
    n_fields: int


def find_fields(data: bytes, separator: str) -> tuple[Fields, list[Uneven]] | None:
    """Return the places of all fields, the header in row 0, and the lines whose number of fields differs from it.

    Lines that hold nothing but separators, blanks and empty quotes are left out.

    Args:
        data: the text in UTF-8.
        separator: one character of ASCII.

    Returns:
        None if only ``csv.reader`` is sure to read the text as people expect.
    """
    if b"\0" in data or len(separator.encode()) != 1 or separator in '"\r\n ' or not data or data.isspace():
        return None
    if data.count(b"\r") != data.count(b"\r\n"):
        return None
    end = b"" if data.endswith(b"\n") else b"\n"
    size = len(data) + len(end)
    padded = data + end + bytes(16 - size % 8)
    has_quotes = _QUOTE in data
    found = _find_ends(padded, size, ord(separator), has_quotes=has_quotes)
    if found is None:
        return None
    ends, is_break, lines = found
    last = np.flatnonzero(is_break)
    first = np.concatenate([[0], ends[last[:-1]].astype(np.int64) + 1])
    counts = np.diff(last, prepend=-1)
    kept = ~_find_blank(padded, first, ends[last], separator)
    if not kept.any():
        return None
    k = int(counts[kept.argmax()])
    uneven = np.flatnonzero(kept & (counts != k))
    places = [Uneven(int(lines[at]), int(counts[at])) for at in uneven.tolist()]
    kept[uneven] = False
    table = ends.reshape(-1, k) if kept.all() else ends[np.repeat(kept, counts)].reshape(-1, k)
    fields = Fields(padded, first[kept].astype(ends.dtype), table, lines[kept], has_quotes)
    return fields, places


_Ends = tuple[npt.NDArray[np.unsignedinteger[Any]], Bools, npt.NDArray[np.unsignedinteger[Any]]]


def _find_ends(data: bytes, size: int, separator: int, *, has_quotes: bool) -> _Ends | None:
    """Return where fields end, whether a line ends there, and for each line its number; None if quotes are unusual."""
    kind = np.uint32 if len(data) < 2**32 else np.uint64
    ends, inside, n_lines = [], False, 0
    lines = []
    for at, block, after in _iterate_blocks(data, size):
        is_break = block == _NEWLINE
        stops = (block == separator) | is_break
        if has_quotes:
            quotes = block == _QUOTE
            open_ = _find_quoted(quotes, inside)
            if not _are_quotes_regular(block, quotes, open_, separator, _byte_before(data, at), after):
                return None
            inside = bool(open_[-1] ^ quotes[-1]) if len(block) else inside
            stops &= ~open_
        found = np.flatnonzero(stops)
        ends.append((found + at).astype(kind))
        numbers = np.cumsum(is_break, dtype=kind)
        lines.append(numbers[found[block[found] == _NEWLINE]] + kind(n_lines))
        n_lines += int(numbers[-1])
    if inside:
        return None
    places = np.concatenate(ends)
    return places, np.frombuffer(data, dtype=np.uint8)[places] == _NEWLINE, np.concatenate(lines)


def _iterate_blocks(data: bytes, size: int) -> Iterator[tuple[int, Bits, int]]:
    """Yield the start of each block, its bytes, and the byte after it (a line break at the end)."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    for at in range(0, size, _BLOCK):
        end = min(at + _BLOCK, size)
        yield at, buffer[at:end], int(buffer[end]) if end < size else _NEWLINE


def _byte_before(data: bytes, at: int) -> int:
    return data[at - 1] if at else _NEWLINE


def _find_quoted(quotes: Bools, inside: bool) -> Bools:
    """Return which bytes lie after an odd number of quotes, and so inside a quoted field."""
    parity = np.cumsum(quotes, dtype=np.uint32) + np.uint32(inside)
    return ((parity - quotes) & 1).astype(np.bool_)


def _are_quotes_regular(block: Bits, quotes: Bools, inside: Bools, separator: int, before: int, after: int) -> bool:
    """Return whether quotes stand only around whole fields and in pairs inside them."""
    at = np.flatnonzero(quotes)
    previous = np.where(at > 0, block[at - 1], before)
    following = np.where(at < len(block) - 1, block[np.minimum(at + 1, len(block) - 1)], after)
    opens = ~inside[at]
    before_field = (previous == separator) | (previous == _NEWLINE) | (previous == _QUOTE)
    after_field = (following == separator) | (following == _NEWLINE) | (following == _QUOTE) | (following == _RETURN)
    return bool(np.where(opens, before_field, after_field).all())


def _find_blank(data: bytes, first: Ints, end: npt.NDArray[Any], separator: str) -> Bools:
    """Return which lines hold no text: only those that start with a separator, a blank or a quote may be such."""
    strange = _BLANK + separator.encode()
    start = np.frombuffer(data, dtype=np.uint8)[first]
    found = np.isin(start, np.frombuffer(strange, dtype=np.uint8)) | (start >= _ASCII)  # there are blanks beyond ASCII
    for line in np.flatnonzero(found).tolist():
        text = data[int(first[line]) : int(end[line])]
        rest = text.strip(strange)
        found[line] = not rest or rest[0] >= _ASCII
        if found[line] and (rest or b'"' in text):
            cells = next(csv.reader(io.StringIO(text.decode(), newline=""), delimiter=separator))
            found[line] = not any(map(str.strip, cells))
    return found


def read_words(data: bytes, start: Ints, length: Ints) -> npt.NDArray[np.uint64]:
    """Return the bytes at ``start`` [n], padded with zeros, as words of 8 bytes; ``[n, w]``."""
    words = np.frombuffer(data, dtype="<u8")
    width = max(1, -(-int(length.max(initial=0)) // 8))
    made = np.empty((len(start), width), dtype="<u8")
    for block in range(0, len(start), _ROWS):
        own = slice(block, block + _ROWS)
        at, left = start[own], length[own]
        shift = ((at & 7) << 3).astype(np.uint64)
        for i in range(width):
            place = (at >> 3) + i
            low = words.take(place, mode="clip") >> shift
            high = (words.take(place + 1, mode="clip") << np.uint64(1)) << (np.uint64(63) - shift)
            made[own, i] = (low | high) & _TAILS[np.clip(left - 8 * i, 0, 8)]
    return made
