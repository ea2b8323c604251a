"""The cell of NAS-Bench-201 and TransNAS-Bench-101: 4 nodes, where each earlier node feeds each later one."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from nasbench.arrays import Archs, Bits, freeze_array
from nasbench.spaces._product import ProductSpace
from nasbench.spaces._sketch import Sketch, sketch_cell
from nasbench.spaces._space import Graphs

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
_PATHS = ((3,), (0, 4), (1, 5), (0, 2, 5))  # edges along each path from node 0 to node 3


class FourNodeCell(ProductSpace):
    """One operation on each of the 6 edges of a cell; the last node is the output.

    Subclasses define the ``operations`` and ``_write_signature``, which is equal for isomorphic cells.
    """

    decisions = tuple(f"edge_{source}_{target}" for source, target in EDGES)

    @abstractmethod
    def _write_signature(self, arch: Sequence[int]) -> str:
        """Return a text that two cells share exactly if they are isomorphic."""

    @cached_property
    def _representative(self) -> Archs:
        """[N, d] the first architecture of the isomorphism class of each architecture."""
        labels = [self._write_signature(row) for row in self.rows.tolist()]
        first: dict[str, int] = {}
        for i, label in enumerate(labels):
            first.setdefault(label, i)
        return freeze_array(self.rows[[first[label] for label in labels]])

    def canonicalize(self, archs: Archs) -> Archs:
        """Map each cell to the first cell of its isomorphism class; ``[n, d]``."""
        return self._representative[self.index(archs)]

    def graphs(self, archs: Archs) -> Graphs:
        """Return graphs of 8 vertices: the input, the six edges' operations, the output."""
        archs = self.checked(archs)
        adjacency = np.zeros((8, 8), dtype=np.uint8)
        for i, (source, target) in enumerate(EDGES, start=1):
            adjacency[0, i] = source == 0
            adjacency[i, 7] = target == 3
            for j, (following, _) in enumerate(EDGES, start=1):
                adjacency[i, j] = following == target
        operations = np.pad(archs + np.int8(1), ((0, 0), (1, 1)))
        operations[:, -1] = len(self.operations) + 1
        vocabulary = ("input", *self.operations, "output")
        return Graphs(np.broadcast_to(adjacency, (len(archs), 8, 8)).copy(), operations, vocabulary)

    def sketch(self, arch: Archs) -> Sketch:
        """Return the cell, with the operations on its edges."""
        edges = [(*edge, self.operations[digit]) for edge, digit in zip(EDGES, arch[0].tolist(), strict=True)]
        return [sketch_cell("", ("input", "1", "2", "output"), edges)]

    def _list_encoders(self) -> dict[str, Callable[[Archs], Bits]]:
        return super()._list_encoders() | {"path": self._encode_paths}

    def _encode_paths(self, archs: Archs) -> Bits:
        """Return [n, k + k**2 + k**3] bits for k operations: the paths of one, two and three operations."""
        k = len(self.operations)
        bits = np.zeros((len(archs), k + k**2 + k**3), dtype=np.uint8)
        for path in _PATHS:
            offset = sum(k**length for length in range(1, len(path)))
            digits = archs[:, path].astype(np.int64) @ (k ** np.arange(len(path))[::-1])
            bits[np.arange(len(archs)), offset + digits] = 1
        return bits
