"""Expected improvement (Mockus 1978; Jones, Schonlau & Welch 1998)."""

import numpy as np

from nasbench.acquisitions._base import Acquisition, Posterior
from nasbench.acquisitions._improvement import log_expected_improvement
from nasbench.arrays import Floats


class ExpectedImprovement(Acquisition):
    """The expected excess of a score over the best one; scores below the best count as zero."""

    values = "positive"

    def __call__(self, posterior: Posterior) -> Floats:
        """Return the expected improvement; ``[m]``."""
        return np.exp(log_expected_improvement(posterior))
