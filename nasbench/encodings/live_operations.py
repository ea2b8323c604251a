"""How many vertices of each operation lie on a way from the input to the output.

The ground floor of the pyramid whose upper floors are ``path_bag`` and ``functional_path``. Operations
that cannot reach the output, or are not reached, do not count: they are trained for nothing.
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
