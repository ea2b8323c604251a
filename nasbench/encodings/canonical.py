"""One bit for each choice of each decision, of the first architecture of the isomorphism class.

``one_hot`` in which architectures that compute the same have the same features.
"""

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.encodings._encoding import Encoding


class CanonicalEncoding(Encoding):
    """One-hot code of the representative."""

    def encode(self, archs: Archs) -> Floats:
        """Return ``[n, sum of cardinalities]``."""
        return self.space.encode(self.space.canonicalize(archs), "one_hot").astype(np.float64)
