"""Counts of functional paths whose operations are taken as a bag, in any order.

Between ``functional_path``, for which conv-pool and pool-conv have nothing in common, and a count of
operations: the middle floor of a pyramid (in the sense of Lazebnik, Schmid & Ponce 2006). Few trained
architectures are enough to learn from it.
"""

import numpy as np

from nasbench.arrays import Archs
from nasbench.encodings._encoding import CountEncoding, Tokens, scramble
from nasbench.encodings._functional import functional_paths


class PathBagEncoding(CountEncoding):
    """How often each multiset of working operations leads from the input to the output."""

    def tokens(self, archs: Archs) -> Tokens:
        """Return every path of architectures [n, d], its operations counted."""
        paths = functional_paths(self.space, archs)
        weights = scramble(np.arange(1, paths.counts.shape[1] + 1, dtype=np.uint64))
        key = scramble((paths.counts.astype(np.uint64) * weights).sum(axis=1, dtype=np.uint64))
        return Tokens(paths.owner, key, np.zeros(len(key), dtype=np.int64))
