"""One bit for each choice of each decision, of the representative of the isomorphism class.

Like ``one_hot``, but isomorphic architectures have the same features.
"""

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.encodings._encoding import Encoding


class CanonicalEncoding(Encoding):
    """One-hot code of the representative."""

    def encode(self, archs: Archs) -> Floats:
        """Return ``[n, sum of cardinalities]``."""
        return self.space.encode(self.space.canonicalize(archs), "one_hot").astype(np.float64)
