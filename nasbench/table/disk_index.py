"""Find architectures in a table that is too large for memory: 8 bytes per row, with the rows on disk."""

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Archs, Ints, as_archs
from nasbench.table.column import Column

_Words = npt.NDArray[np.uint64]
_LOW = np.uint64(2**32 - 1)
_SHIFT = np.uint64(32)
_PAIRS = 1 << 16  # of rows compared at a time


class DiskIndex:
    """An index of the architectures in a column on disk.

    Memory holds one sorted word per row: a 32-bit hash in the upper half, the row's number in the lower half. Each
    match of hashes is compared with the row on disk, so that different architectures are never confused.

    Args:
        column: architectures [n, d] with up to 2^32 rows.

    Raises:
        TableError: the column does not match its checksum.
    """

    def __init__(self, column: Column) -> None:
        self._column = column
        self._words: _Words = np.empty(column.shape[0], dtype=np.uint64)
        for start, block in column.iterate_blocks():
            end = start + len(block)
            self._words[start:end] = _compute_hashes(block) | np.arange(start, end, dtype=np.uint64)
        self._words.sort()  # in place

    def find(self, archs: Archs) -> Ints:
        """Return the row of each architecture [n, d], or -1 if there is none; ``[n]``.

        Raises:
            InvalidArchitecture: the shape is wrong, or the values do not fit the type of the column.
        """
        archs = as_archs(archs, self._column.shape[1], self._column.dtype)
        found = np.full(len(archs), -1, dtype=np.int64)
        keys = _compute_hashes(archs)
        at = np.searchsorted(self._words, keys)
        left = np.arange(len(archs))
        while len(left):
            left = left[at[left] < len(self._words)]
            words = self._words[at[left]]
            alike = (words ^ keys[left]) <= _LOW
            left, rows = left[alike], (words[alike] & _LOW).astype(np.int64)
            same = (self._column.gather(rows, None, None) == archs[left]).all(axis=1)
            found[left[same]] = rows[same]
            left = left[~same]
            at[left] += 1
        return found

    def find_duplicate(self) -> tuple[int, int] | None:
        """Return two rows that hold the same architecture, or None."""
        for distance in range(1, len(self._words)):
            before, after = self._words[:-distance], self._words[distance:]
            alike = np.flatnonzero(_compare_hashes(before, after))
            if not len(alike):
                return None
            for start in range(0, len(alike), _PAIRS):
                pairs = alike[start : start + _PAIRS]
                a, b = ((words[pairs] & _LOW).astype(np.int64) for words in (before, after))
                same = self._column.gather(a, None, None) == self._column.gather(b, None, None)
                bad = np.flatnonzero(same.all(axis=1))
                if len(bad):
                    return int(a[bad[0]]), int(b[bad[0]])
        return None


def _compare_hashes(before: _Words, after: _Words) -> npt.NDArray[np.bool_]:
    """Compare the upper halves of words, slice by slice."""
    same = np.empty(len(before), dtype=np.bool_)
    for start in range(0, len(before), _PAIRS):
        part = slice(start, start + _PAIRS)
        same[part] = (before[part] ^ after[part]) <= _LOW
    return same


def _compute_hashes(archs: Archs) -> _Words:
    """Return a hash of each architecture [n, d] in the upper 32 bits, with zeros in the lower ones; ``[n]``."""
    mixed = np.full(len(archs), 0xCBF29CE484222325, dtype=np.uint64)  # FNV-1a
    for octet in archs.view(np.uint8).T:
        mixed ^= octet
        mixed *= np.uint64(0x100000001B3)
    mixed ^= mixed >> _SHIFT
    mixed *= np.uint64(0x9E3779B97F4A7C15)  # its upper half depends on all bits
    return mixed & ~_LOW
