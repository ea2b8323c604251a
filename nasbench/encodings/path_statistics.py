"""A few numbers about the functional paths: how many, how long, and how much of each operation at most and at least.

They say how deep a network is, whether a residual way leads around its convolutions, and how much
averaging cannot be avoided: what an experienced eye looks for first.
"""

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.encodings._encoding import Encoding
from nasbench.encodings._functional import functional_paths


class PathStatisticsEncoding(Encoding):
    """Extremes over an architecture's functional paths.

    Columns: whether there is a path, how many, the longest and shortest length, then for each working
    operation the most and the least on one path. All zero without a path.
    """

    def encode(self, archs: Archs) -> Floats:
        """Return the numbers; ``[n, 4 + 2 k]`` for k working operations."""
        paths, n = functional_paths(self.space, archs), len(archs)
        number = np.bincount(paths.owner, minlength=n)
        values = np.column_stack([paths.counts.sum(axis=1), paths.counts])
        order = np.argsort(paths.owner, kind="stable")
        connected = np.flatnonzero(number)
        starts = (np.cumsum(number) - number)[connected]
        most, least = np.zeros((n, values.shape[1])), np.zeros((n, values.shape[1]))
        if len(connected):
            most[connected] = np.maximum.reduceat(values[order], starts, axis=0)
            least[connected] = np.minimum.reduceat(values[order], starts, axis=0)
        return np.column_stack([number > 0, number, most, least]).astype(np.float64)
