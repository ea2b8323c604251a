"""One bit for each choice of each decision, as in ``one_hot``, with one column group per decision.

In a space with rows of floats (numbers on a scale, or lists of many values), an ordered decision is one number from 0
to 1 instead of bits, with a bit "active" beside it if it depends on another decision.
"""

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.encodings._encoding import Encoding


class DecisionsEncoding(Encoding):
    """One-hot codes of all decisions, side by side."""

    def encode(self, archs: Archs) -> Floats:
        """Return ``[n, sum of cardinalities]``."""
        if self.space.dtype.kind == "f":
            return self.space.encode(archs, "one_hot").astype(np.float64)
        codes = [np.eye(int(k))[archs[:, i]] for i, k in enumerate(self.space.cardinality)]
        return np.concatenate(codes, axis=1)

    def _count_columns(self) -> Ints:
        if self.space.dtype.kind != "f":
            return self.space.cardinality
        depends = np.array([bool(coded.when) for coded in self.space.coding])
        return np.where(self.space.ordered, 1 + depends, self.space.cardinality)

    @property
    def n_groups(self) -> int:
        """One group for each decision."""
        return len(self.space.cardinality)

    @property
    def groups(self) -> Ints:
        """[f] decision that each column encodes."""
        return np.repeat(np.arange(self.n_groups), self._count_columns())
