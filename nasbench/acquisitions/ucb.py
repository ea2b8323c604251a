"""Upper confidence bound (Cox & John 1992; Srinivas et al. 2010, arXiv 0912.3995)."""

from nasbench.acquisitions._base import Acquisition, Posterior
from nasbench.arrays import Floats


class UpperConfidenceBound(Acquisition):
    """Mean plus ``kappa`` standard deviations."""

    def __call__(self, posterior: Posterior) -> Floats:
        """Return the upper confidence bound; ``[m]``."""
        return posterior.mean + posterior.kappa * posterior.std
