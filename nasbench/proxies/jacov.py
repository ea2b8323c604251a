"""Jacobian covariance: how weakly the logit gradients of different images correlate.

Source: Mellor, Turner, Storkey & Crowley 2020, "Neural Architecture Search without Training" (arXiv 2006.04647, first
version); Abdelfattah et al. 2021 (arXiv 2101.08134; ``jacob_cov`` in their code). The proxy correlates the gradients
of the summed logits with respect to each image of a minibatch. Each eigenvalue v of the correlation matrix contributes
``-(log(v + k) + 1 / (v + k))`` with k = 1e-5. The score is missing if a gradient is constant, as in a network without
a path.
"""

from typing import ClassVar

import numpy as np

from nasbench.proxies._probe import Probe

REQUIRES = {"torch": "torch"}
_K = 1e-5


class Jacov:
    """Score the eigenvalues of the correlations."""

    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "maximize"

    def __call__(self, probe: Probe) -> float:
        """Return the score; nan if correlations are undefined."""
        with np.errstate(invalid="ignore", divide="ignore"):
            correlations = np.corrcoef(probe.jacobian)
        if not np.isfinite(correlations).all():
            return float("nan")
        eigenvalues = np.maximum(np.linalg.eigvalsh(correlations), 0.0) + _K
        return -float(np.sum(np.log(eigenvalues) + 1 / eigenvalues))
