"""Each decision as a number from 0 to 1: for widths, depths and other choices that have an order."""

from nasbench.arrays import Archs, Floats
from nasbench.encodings._encoding import Encoding


class OrdinalEncoding(Encoding):
    """The position of each choice within its decision, or of a number on its scale, from 0 to 1."""

    def encode(self, archs: Archs) -> Floats:
        """Return ``[n, d]``."""
        return self.space.measure(archs)
