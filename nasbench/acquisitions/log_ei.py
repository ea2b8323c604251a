"""Logarithm of the expected improvement, in the stable form of Ament et al. 2023 (arXiv 2310.20708, section 4.1)."""

from nasbench.acquisitions._base import Acquisition, Posterior
from nasbench.acquisitions._improvement import log_expected_improvement
from nasbench.arrays import Floats


class LogExpectedImprovement(Acquisition):
    """Ranks candidates as expected improvement does, even where that underflows to zero."""

    values = "logarithm"

    def __call__(self, posterior: Posterior) -> Floats:
        """Return the logarithm of the expected improvement; ``[m]``."""
        return log_expected_improvement(posterior)
