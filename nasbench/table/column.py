"""One column of a table: loaded once into memory, or read in chunks if it is too large."""

from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from nasbench.arrays import Ints, freeze_array
from nasbench.errors import TableError
from nasbench.table.schema import ArrayDigest, convert_to_plain, digest_array, get_missing_value

IN_MEMORY_BYTES = 1 << 28
"""A column up to this size is loaded completely on first use; a larger one stays on disk."""
IN_MEMORY_ROWS = 1 << 22
"""A column with more rows stays on disk too: a cached answer would take 8 bytes per row, and computing it more."""


class Column:
    """A lazy view of one HDF5 data set, which is verified against its checksum when it is loaded.

    Attributes:
        attributes: plain Python attributes (unit, direction, seeds, epochs, sha256).
        shape: [n], [n, s] or [n, s, t].
    """

    def __init__(self, dataset: h5py.Dataset, place: str, source: str) -> None:
        self._dataset = dataset
        self._place = f"{source}: {place}"
        self._loaded: npt.NDArray[Any] | None = None
        self.attributes = {key: convert_to_plain(value) for key, value in dataset.attrs.items()}
        self.shape: tuple[int, ...] = dataset.shape
        self.dtype: np.dtype[Any] = dataset.dtype

    @property
    def fits(self) -> bool:
        """Whether the column is small enough to live in memory."""
        n_bytes = int(self._dataset.size) * int(self._dataset.dtype.itemsize)
        return n_bytes <= IN_MEMORY_BYTES and self.shape[0] <= IN_MEMORY_ROWS

    def load(self) -> npt.NDArray[Any]:
        """Return the whole column as stored, read-only.

        Raises:
            TableError: the bytes do not match the checksum, or cannot be read.
        """
        if self._loaded is None:
            try:
                values: npt.NDArray[Any] = self._dataset[()]
            except (OSError, RuntimeError) as error:
                raise TableError(f"{self._place} cannot be read ({error}); import the table again") from error
            if digest_array(values) != self.attributes.get("sha256"):
                raise TableError(f"{self._place} does not match its checksum: the file was changed or is damaged")
            self._loaded = freeze_array(values)
        return self._loaded

    def iterate_blocks(self) -> Iterator[tuple[int, npt.NDArray[Any]]]:
        """Yield (first row, values as stored) chunk by chunk, and verify the checksum, if there is one, at the end.

        Raises:
            TableError: the bytes do not match the checksum, or cannot be read.
        """
        digest = ArrayDigest(self.dtype, self.shape)
        height = (self._dataset.chunks or self.shape)[0]
        for start in range(0, self.shape[0], height):
            try:
                block: npt.NDArray[Any] = self._dataset[start : start + height]
            except (OSError, RuntimeError) as error:
                raise TableError(f"{self._place} cannot be read ({error}); import the table again") from error
            digest.update(block)
            yield start, block
        if digest.hexdigest() != self.attributes.get("sha256", digest.hexdigest()):
            raise TableError(f"{self._place} does not match its checksum: the file was changed or is damaged")

    def digest(self) -> str:
        """Return the SHA-256 of the stored values, read chunk by chunk."""
        digest = ArrayDigest(self.dtype, self.shape)
        for _, block in self.iterate_blocks():
            digest.update(block)
        return digest.hexdigest()

    def decode(self, stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Convert stored values: counts become fractions, and the largest code becomes nan."""
        denominator = self.attributes.get("denominator", 0)
        if not denominator:
            return stored
        return np.where(stored == get_missing_value(stored.dtype), np.nan, stored / denominator)

    def gather(self, rows: Ints, seed: int | None, epoch: int | None) -> npt.NDArray[Any]:
        """Return ``column[rows]`` as stored, read chunk by chunk; memory holds one chunk and the result.

        Args:
            rows: [n] in range, in any order.
            seed: position on the seed axis; None for the whole axis, or if there is none.
            epoch: position on the epoch axis, likewise.
        """
        inner = tuple(slice(None) if at is None else at for at in (seed, epoch)[: len(self.shape) - 1])
        result = np.empty((len(rows), *np.empty(self.shape[1:], dtype=np.uint8)[inner].shape), self._dataset.dtype)
        height = (self._dataset.chunks or self.shape)[0]
        order = np.argsort(rows // height, kind="stable")
        starts = np.flatnonzero(np.diff(rows[order] // height, prepend=-1))
        for members in np.split(order, starts[1:]):
            if len(members):
                first = rows[members[0]] // height * height
                block = self._dataset[first : first + height]
                result[members] = block[(rows[members] - first, *inner)]
        return result
