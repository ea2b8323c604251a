"""Counts of functional paths, each reduced to the multiset of its operations.

This is the middle level of a pyramid (in the sense of Lazebnik, Schmid & Ponce 2006). For the finer
``functional_path``, conv-pool and pool-conv have nothing in common; the coarser level counts operations only. A few
trained architectures are enough to learn from this encoding.
"""

import numpy as np

from nasbench.arrays import Archs
from nasbench.encodings._encoding import CountEncoding, Tokens, scramble
from nasbench.encodings._functional import find_functional_paths


class PathBagEncoding(CountEncoding):
    """How often each multiset of working operations leads from the input to the output."""

    def tokens(self, archs: Archs) -> Tokens:
        """Return all paths of architectures [n, d], each identified by its operation counts."""
        paths = find_functional_paths(self.space, archs)
        weights = scramble(np.arange(1, paths.counts.shape[1] + 1, dtype=np.uint64))
        key = scramble((paths.counts.astype(np.uint64) * weights).sum(axis=1, dtype=np.uint64))
        return Tokens(paths.owner, key, np.zeros(len(key), dtype=np.int64))
