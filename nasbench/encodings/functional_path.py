"""Counts of functional paths: what an input meets on each way to the output, in order.

A path is the sequence of operations from the input to the output; one that is cut (``none``) does not
count, and operations that hand on what they get (``skip_connect``) are left out of it. Architectures
that compute the same sums of the same chains have equal counts. In the vein of the path encoding of
White et al. 2021 (BANANAS, arXiv 1910.11858), which keeps both and counts no further than one.
"""

import numpy as np

from nasbench.arrays import Archs
from nasbench.encodings._encoding import CountEncoding, Tokens
from nasbench.encodings._functional import functional_paths


class FunctionalPathEncoding(CountEncoding):
    """How often each sequence of working operations leads from the input to the output."""

    def tokens(self, archs: Archs) -> Tokens:
        """Return every path of architectures [n, d]."""
        paths = functional_paths(self.space, archs)
        return Tokens(paths.owner, paths.key, np.zeros(len(paths.owner), dtype=np.int64))
