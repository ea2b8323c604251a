"""An architecture as a sentence: one token for each decision, another one for each of its choices.

The sequence of Luo et al. 2018 (NAO, arXiv 1808.07233), in which indices of inputs and operations take turns
and use tokens of their own. Token 0 is none of them: a decoder starts with it.
"""

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.encodings._encoding import Encoding


class SequenceEncoding(Encoding):
    """The token of each decision in turn."""

    @property
    def first(self) -> Ints:
        """[d] token of each decision's first choice; the others follow it."""
        return 1 + np.cumsum(self.space.cardinality) - self.space.cardinality

    @property
    def vocabulary(self) -> int:
        """Number of tokens, token 0 included."""
        return 1 + int(self.space.cardinality.sum())

    def tokens(self, archs: Archs) -> Ints:
        """Return the tokens as whole numbers; ``[n, d]``."""
        return archs.astype(np.int64) + self.first

    def encode(self, archs: Archs) -> Floats:
        """Return the tokens; ``[n, d]``."""
        return self.tokens(archs).astype(np.float64)
