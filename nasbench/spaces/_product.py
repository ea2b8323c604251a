"""Spaces in which every combination of choices is an architecture, and an edit changes one choice."""

from typing import Any

import numpy as np

from nasbench.arrays import Archs, Ints
from nasbench.errors import InvalidArchitecture
from nasbench.spaces._enumerated import EnumeratedSpace


def list_single_edits(archs: Archs, cardinality: Ints) -> Archs:
    """Return ``[n, k, d]``: each row of ``archs`` [n, d] with one decision changed, in all ``k`` ways."""
    edits = np.repeat(archs[:, None, :], int((cardinality - 1).sum()), axis=1)
    start = 0
    for column, choices in enumerate(cardinality.tolist()):
        shifts = np.arange(1, choices, dtype=np.int8)
        edits[:, start : start + len(shifts), column] = (archs[:, column, None] + shifts) % np.int8(choices)
        start += len(shifts)
    return edits


class ProductSpace(EnumeratedSpace):
    """All combinations of ``cardinality`` choices; in the index, the first decision is the most significant digit."""

    def __init__(self) -> None:
        d = len(self.cardinality)
        self.rows = np.indices(tuple(self.cardinality), dtype=np.int8).reshape(d, -1).T.copy()

    def read_one(self, item: Any) -> Archs:
        """Read the names of the operations, in the order of the decisions; ``[1, d]``.

        Raises:
            InvalidArchitecture: the number of operations is wrong, one is unknown, or the item has another form.
        """
        if not isinstance(item, list | tuple) or not item or not all(isinstance(name, str) for name in item):
            return super().read_one(item)
        if len(item) != len(self.decisions):
            raise InvalidArchitecture(
                f"{len(item)} operations; space '{self.name}' has {len(self.decisions)}: {', '.join(self.decisions)}"
            )
        if unknown := [name for name in item if name not in self.operations]:
            raise InvalidArchitecture(f"unknown operation '{unknown[0]}' (known: {', '.join(self.operations)})")
        return np.array([[self.operations.index(name) for name in item]], dtype=np.int8)

    def _list_edits(self, archs: Archs) -> Archs:
        return list_single_edits(archs, self.cardinality)
