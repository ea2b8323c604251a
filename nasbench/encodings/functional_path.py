"""Counts of functional paths: the sequences of operations that lead from the input to the output.

A path that a zero operation (``none``) cuts does not count. Identity operations (``skip_connect``) are removed from
the sequence. Architectures that compute the same sums of the same chains have equal counts. Related: the path encoding
of White et al. 2021 (BANANAS, arXiv 1910.11858), which keeps both kinds of operations and records only whether a path
exists.
"""

import numpy as np

from nasbench.arrays import Archs
from nasbench.encodings._encoding import CountEncoding, Tokens
from nasbench.encodings._functional import find_functional_paths


class FunctionalPathEncoding(CountEncoding):
    """How often each sequence of working operations leads from the input to the output."""

    def tokens(self, archs: Archs) -> Tokens:
        """Return every path of architectures [n, d]."""
        paths = find_functional_paths(self.space, archs)
        return Tokens(paths.owner, paths.key, np.zeros(len(paths.owner), dtype=np.int64))
