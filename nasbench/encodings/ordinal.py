"""Each decision as a number from 0 to 1: for widths, depths and other choices that have an order."""

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.encodings._encoding import Encoding


class OrdinalEncoding(Encoding):
    """The position of each choice within its decision, scaled to [0, 1]."""

    def encode(self, archs: Archs) -> Floats:
        """Return ``[n, d]``."""
        return archs / np.maximum(self.space.cardinality - 1, 1)
