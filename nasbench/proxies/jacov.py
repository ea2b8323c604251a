"""Jacobian covariance: how little the logits' gradients by different images correlate.

Source: Mellor, Turner, Storkey & Crowley 2020, "Neural Architecture Search without Training" (arXiv 2006.04647, first
version); Abdelfattah et al. 2021 (arXiv 2101.08134; ``jacob_cov`` in their code). The gradients of the summed logits by
each image of a minibatch are correlated, and eigenvalues v of the correlation matrix enter as
``-(log(v + k) + 1 / (v + k))`` with k = 1e-5. Missing where a gradient is constant, as in a network without a path.
"""

from typing import ClassVar

import numpy as np

from nasbench.proxies._probe import Probe

REQUIRES = {"torch": "torch"}
_K = 1e-5


class Jacov:
    """Scores the eigenvalues of the correlations."""

    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "maximize"

    def __call__(self, probe: Probe) -> float:
        """Return the score, nan where correlations are not defined."""
        with np.errstate(invalid="ignore", divide="ignore"):
            correlations = np.corrcoef(probe.jacobian)
        if not np.isfinite(correlations).all():
            return float("nan")
        eigenvalues = np.maximum(np.linalg.eigvalsh(correlations), 0.0) + _K
        return -float(np.sum(np.log(eigenvalues) + 1 / eigenvalues))
