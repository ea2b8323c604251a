"""Probability of improvement (Kushner 1964), as its logarithm."""

from scipy.special import log_ndtr

from nasbench.acquisitions._base import Acquisition, Posterior
from nasbench.arrays import Floats


class ProbabilityOfImprovement(Acquisition):
    """The probability that a score exceeds the best one."""

    values = "logarithm"

    def __call__(self, posterior: Posterior) -> Floats:
        """Return the logarithm of the probability of improvement; ``[m]``."""
        chance: Floats = log_ndtr(posterior.z)
        return chance
