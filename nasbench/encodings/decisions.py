"""One bit for each choice of each decision, as in ``one_hot``, with one column group per decision."""

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.encodings._encoding import Encoding


class DecisionsEncoding(Encoding):
    """One-hot codes of all decisions, side by side."""

    def encode(self, archs: Archs) -> Floats:
        """Return ``[n, sum of cardinalities]``."""
        codes = [np.eye(int(k))[archs[:, i]] for i, k in enumerate(self.space.cardinality)]
        return np.concatenate(codes, axis=1)

    @property
    def n_groups(self) -> int:
        """One group for each decision."""
        return len(self.space.cardinality)

    @property
    def groups(self) -> Ints:
        """[f] decision that each column encodes."""
        return np.repeat(np.arange(self.n_groups), self.space.cardinality)
