"""Summary statistics of the functional paths: their number, their lengths, and extremes of the operation counts.

They describe the depth of a network, whether a residual path bypasses its convolutions, and how much averaging cannot
be avoided. A practitioner looks at these properties first.
"""

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.encodings._encoding import Encoding
from nasbench.encodings._functional import find_functional_paths


class PathStatisticsEncoding(Encoding):
    """Extremes over an architecture's functional paths.

    Columns: whether a path exists, the number of paths, the largest and smallest length, then for each working
    operation the largest and smallest count on one path. All are zero without a path.
    """

    def encode(self, archs: Archs) -> Floats:
        """Return the statistics as an array ``[n, 4 + 2 k]`` for k working operations."""
        paths, n = find_functional_paths(self.space, archs), len(archs)
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
