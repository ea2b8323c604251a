"""An architecture as a sequence of tokens: one per decision; each choice of each decision has its own token.

This is the sequence of Luo et al. 2018 (NAO, arXiv 1808.07233), in which indices of inputs and operations alternate
and use separate tokens. Token 0 stands for no choice; a decoder starts with it.
"""

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.encodings._encoding import Encoding


class SequenceEncoding(Encoding):
    """The tokens of all decisions in order."""

    @property
    def first(self) -> Ints:
        """[d] token of each decision's first choice; the tokens of its other choices follow."""
        return 1 + np.cumsum(self.space.cardinality) - self.space.cardinality

    @property
    def vocabulary(self) -> int:
        """Number of tokens, token 0 included."""
        return 1 + int(self.space.cardinality.sum())

    def tokens(self, archs: Archs) -> Ints:
        """Return the tokens as integers ``[n, d]``."""
        return archs.astype(np.int64) + self.first

    def encode(self, archs: Archs) -> Floats:
        """Return the tokens as floats ``[n, d]``."""
        return self.tokens(archs).astype(np.float64)
