"""Number of vertices of each operation that lie on a path from the input to the output.

This is the coarsest level of the pyramid whose finer levels are ``path_bag`` and ``functional_path``. Operations that
do not reach the output, or that the input does not reach, do not count because their weights have no effect.
"""

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.encodings._encoding import Encoding
from nasbench.encodings._functional import compute_live_graphs


class LiveOperationsEncoding(Encoding):
    """Counts of each operation among the live vertices."""

    def encode(self, archs: Archs) -> Floats:
        """Return counts; ``[n, operations of the graphs without input and output]``."""
        graphs = compute_live_graphs(self.space, archs)
        present = [(graphs.live & (graphs.operations == i)).sum(axis=1) for i in range(1, len(graphs.vocabulary) - 1)]
        return np.column_stack(present).astype(np.float64)
