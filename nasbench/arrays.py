"""The array types of the whole suite, and finding rows among rows.

Axes: n architectures, d decisions, v vertices, t epochs, s seeds, f features.

An architecture is a row of a matrix ``[n, d]``, one column for each decision, in the one dtype that its space defines
(``SearchSpace.dtype``). One type for all columns keeps batches, comparisons and joins as fast as they are on int8, and
the bytes of a row identify it: two rows are the same architecture if their bytes are the same.

- int8: finite spaces, whose decisions are choices among at most 128. It is the default, and what ``RowIndex`` finds;
  ``WideRowIndex`` finds rows of the other types.
- int64: decisions among thousands of values, or tokens of a large vocabulary.
- float64: spaces in which a decision is a real number, such as a learning rate; their choices and counts are whole
  numbers in the same matrix. ``as_archs``, and so ``SearchSpace.checked`` and the simulation, gives zero and nan a
  single representation each, so that bytes still identify a row.

Architectures of different length are padded at the end to the space's width, with ``PADDING`` or, in float spaces, with
nan; ``SearchSpace.lengths`` counts the columns in use. A derivation in a grammar, or a graph of any size, is such a
row.
"""

import hashlib
import weakref
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from nasbench.errors import InvalidArchitecture

Archs = npt.NDArray[Any]
"""``[n, d]``, one row per architecture, one column per decision, of the space's dtype: most often int8."""
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bits = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
PADDING = -1
"""Fills the end of a row that is shorter than others; float64 rows have nan instead."""
_Scalar = TypeVar("_Scalar", bound=np.generic)

_INT8 = np.dtype(np.int8)
_indices: "weakref.WeakValueDictionary[tuple[Any, ...], RowIndex | WideRowIndex]" = weakref.WeakValueDictionary()
_INTEGER_KEYS = 2.0**62  # in smaller spaces, an integer identifies every architecture
_MANY = 2**16  # up to this many rows a dictionary of them (0.6 microseconds and 150 bytes a row) is made at once
_SCANS = 32  # this many comparisons with all rows cost about as much as such a dictionary
_DENSE = 2**22  # integers below it are exact in float32, and a look-up table of that size is affordable


def as_archs(archs: Any, n_decisions: int, dtype: np.dtype[Any] = _INT8) -> Archs:
    """Return ``archs`` as a contiguous matrix ``[n, d]`` of the space's ``dtype``.

    Raises:
        InvalidArchitecture: another shape, or values that do not fit the type: for int8, other than small integers.
    """
    array = np.asarray(archs)
    if array.shape[1:] != (n_decisions,):
        raise InvalidArchitecture(
            f"architectures have shape {array.shape}; expected [n, {n_decisions}]: "
            "one row per architecture (for a single one pass archs[:1])"
        )
    if dtype.kind == "f":
        return _as_real(array, dtype)
    if array.dtype != dtype:
        if array.dtype.kind not in "iu":
            raise InvalidArchitecture(f"architectures have dtype {array.dtype}; expected integers ({dtype})")
        least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
        if array.size and (array.min() < least or array.max() > most):
            bad = array.max() if array.max() > most else array.min()
            raise InvalidArchitecture(f"decision value {bad} does not fit {dtype}")
        array = array.astype(dtype)
    return array if array.flags.c_contiguous else np.ascontiguousarray(array)


def _as_real(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> Archs:
    """Return numbers [n, d] as floats in which equal numbers have equal bytes: one zero, one nan."""
    if array.dtype.kind not in "iuf":
        raise InvalidArchitecture(f"architectures have dtype {array.dtype}; expected numbers ({dtype})")
    same: Archs = np.add(array, 0.0, dtype=dtype, order="C")  # turns -0.0 into 0.0
    same[np.isnan(same)] = np.nan
    return same


def view_as_keys(archs: Archs) -> npt.NDArray[np.void]:
    """Return the bytes of each row of [n, d], n > 0, as keys to compare, sort and join whole rows; ``[n]``."""
    rows = np.ascontiguousarray(archs)
    return rows.view(f"V{rows.shape[1] * rows.itemsize}")[:, 0]


def is_frozen(array: npt.NDArray[Any]) -> bool:
    """Return whether an array can never be changed: its memory is that of a ``bytes`` object.

    ``flags.writeable = False`` alone does not guarantee this: the owner of the memory can set it back, or write through
    another view, such as the buffer that ``np.broadcast_to`` was given.
    """
    base: Any = array.base
    while type(base) is np.ndarray:
        base = base.base
    return type(base) is bytes and type(array) is np.ndarray


def freeze_array(array: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
    """Return the same numbers in memory that nothing can change, not even the caller; a copy unless already frozen."""
    if is_frozen(array):
        return array
    plain = np.asarray(array)  # of a sub-class, keep only its memory
    frozen: npt.NDArray[_Scalar] = np.ndarray(plain.shape, plain.dtype, plain.tobytes())
    return frozen


def make_row_index(rows: Archs, cardinality: Ints) -> "RowIndex | WideRowIndex":
    """Return a new index of ``rows`` [N, d], of the kind that their type needs."""
    return RowIndex(rows, cardinality) if rows.dtype == _INT8 else WideRowIndex(rows)


def get_row_index(rows: Archs, cardinality: Ints) -> "RowIndex | WideRowIndex":
    """Return the index of ``rows`` [N, d], the same object for the same rows.

    A space and the tables of its benchmark list the same architectures. They share one index, which is built once and
    stays in the processor's cache when a search alternates between them.
    """
    key = (rows.shape, rows.dtype.str, hashlib.sha256(rows.tobytes()).digest(), cardinality.tobytes())
    index = _indices.get(key)
    if index is None:
        index = _indices[key] = make_row_index(rows, cardinality)
    return index


class RowIndex:
    """Finds architectures among the rows of a fixed ``[N, d]`` array.

    Args:
        rows: [N, d] distinct architectures.
        cardinality: [d] number of choices for each decision.
    """

    def __init__(self, rows: Archs, cardinality: Ints) -> None:
        self._rows = freeze_array(np.ascontiguousarray(rows))
        self._n_decisions = rows.shape[1]
        self._cardinality = cardinality.astype(np.uint8)
        self._positions = freeze_array(np.arange(len(rows)))  # slicing it costs a third of making an array
        self._by_bytes: dict[bytes, int] | None = None
        self._scans_left = _SCANS if len(rows) > _MANY else 0
        self._dense: Ints | None = None
        size = float(np.prod(cardinality, dtype=float))
        radix = np.concatenate([np.cumprod(cardinality[:0:-1])[::-1], [1]])
        self._exact_radix = radix if size < _INTEGER_KEYS else None
        if size <= _DENSE:
            self._radix = radix.astype(np.float32)
            self._dense = np.full(int(size), -1, dtype=np.int64)
            self._dense[self._make_key(rows)] = self._positions
            self._is_key = len(rows) == size and bool((self._dense == self._positions).all())

    def __deepcopy__(self, memo: dict[int, Any]) -> "RowIndex":
        """Return the same index for a copied search: it never changes, and copied arrays would not be frozen."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the rows only."""
        return get_row_index, (self._rows, self._cardinality.astype(np.int64))

    @cached_property
    def _sorted(self) -> tuple[npt.NDArray[Any], Ints]:
        """The sorted keys of all rows, and the row of each; made when first needed, not for known single rows."""
        keys = self._make_sortable_key(self._rows)
        order = np.argsort(keys, kind="stable")
        return keys[order], order

    def _make_key(self, archs: Archs) -> Ints:
        # A float32 product goes through BLAS and is 4x faster than an integer one. On some machines BLAS also reads
        # numbers beyond the end of a row, which may raise the invalid flag; our result is not affected.
        with np.errstate(invalid="ignore"):
            return (archs.astype(np.float32) @ self._radix).astype(np.int64)

    def _make_sortable_key(self, archs: Archs) -> npt.NDArray[Any]:
        """Return a key for each architecture: an integer where they fit 64 bits, else its bytes."""
        if self._exact_radix is None:
            return np.ascontiguousarray(archs).view(f"S{archs.shape[1]}")[:, 0]
        key = np.zeros(len(archs), dtype=np.int64)
        for decision, weight in zip(archs.T, self._exact_radix, strict=True):
            key += decision * weight
        inside = (archs.view(np.uint8) < self._cardinality).all(axis=1)
        return np.where(inside, key, -1)

    def find(self, archs: Archs) -> Ints:
        """Return the row of each architecture [n, d], -1 where it is not found; ``[n]``.

        Raises:
            InvalidArchitecture: another shape, or other than small integers. Out-of-range decisions are not found.
        """
        if len(archs) == 1 and isinstance(archs, np.ndarray):
            # A row found by its bytes needs no other check: one dictionary look-up instead of ten array calls.
            by_bytes = self._by_bytes
            at = self._find_early(archs.tobytes()) if by_bytes is None else by_bytes.get(archs.tobytes(), -1)
            if archs.shape[1:] == (self._n_decisions,):
                if at >= 0:
                    return self._positions[at : at + 1]
                if archs.dtype == np.int8:
                    return np.full(1, -1)  # no row has these bytes; other types are converted below
        archs = as_archs(archs, self._n_decisions)
        if self._dense is None:
            keys = self._make_sortable_key(archs)
            known, order = self._sorted
            place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            return np.where(known[place] == keys, order[place], -1)
        # Negative decisions become large when read as unsigned, so one bound is enough.
        unsigned = archs.view(np.uint8)
        inside = slice(None) if self._are_all_inside(unsigned) else (unsigned < self._cardinality).all(axis=1)
        key = self._make_key(archs[inside])
        rows = key if self._is_key else self._dense.take(key)
        if len(rows) == len(archs):
            return rows
        found = np.full(len(archs), -1, dtype=np.int64)
        found[inside] = rows
        return found

    def _find_early(self, arch: bytes) -> int:
        """Return the row with these bytes, -1 for none: by a scan, until a dictionary of all rows pays off."""
        if not self._scans_left:
            rows = self._rows.view(f"V{self._n_decisions}")[:, 0].tolist()
            self._by_bytes = dict(zip(rows, range(len(rows)), strict=True))
            return self._by_bytes.get(arch, -1)
        if len(arch) != self._n_decisions:
            return -1
        self._scans_left -= 1
        kind = f"S{self._n_decisions}"
        same = np.flatnonzero(self._rows.view(kind)[:, 0] == np.frombuffer(arch, kind)[0])
        return int(same[0]) if len(same) else -1

    def _are_all_inside(self, unsigned: Bits) -> bool:
        largest = unsigned.max(initial=0)
        if largest < self._cardinality.min():
            return True
        return bool(all(unsigned[:, i].max(initial=0) < k for i, k in enumerate(self._cardinality)))


class WideRowIndex:
    """Finds architectures of any type, such as rows with real numbers, among the rows of a fixed ``[N, d]`` array.

    Args:
        rows: [N, d] distinct architectures, in the one form of zero and nan that ``as_archs`` gives.
    """

    def __init__(self, rows: Archs) -> None:
        self._rows = freeze_array(np.ascontiguousarray(rows))

    def __deepcopy__(self, memo: dict[int, Any]) -> "WideRowIndex":
        """Return the same index for a copied search, as ``RowIndex`` does."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the rows only."""
        return get_row_index, (self._rows, np.zeros(self._rows.shape[1], dtype=np.int64))

    @cached_property
    def _by_bytes(self) -> dict[bytes, int]:
        return dict(zip(view_as_keys(self._rows).tolist(), range(len(self._rows)), strict=True))

    @cached_property
    def _sorted(self) -> tuple[npt.NDArray[np.void], Ints]:
        """The sorted keys of all rows, and the row of each."""
        keys = view_as_keys(self._rows)
        order = np.argsort(keys, kind="stable")
        return keys[order], order

    def find(self, archs: Archs) -> Ints:
        """Return the row of each architecture [n, d], -1 where it is not found; ``[n]``.

        Raises:
            InvalidArchitecture: another shape, or values that do not fit the type of the rows.
        """
        archs = as_archs(archs, self._rows.shape[1], self._rows.dtype)
        if len(archs) == 1:
            return np.full(1, self._by_bytes.get(archs.tobytes(), -1))
        if not len(archs) or not len(self._rows):
            return np.full(len(archs), -1)
        keys, (known, order) = view_as_keys(archs), self._sorted
        place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        return np.where(known[place] == keys, order[place], -1)
