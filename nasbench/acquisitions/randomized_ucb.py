"""Randomised upper confidence bound: the exploration weight is resampled for every proposal.

Source: Hutter, Hoos & Leyton-Brown 2012, "Parallel Algorithm Configuration": the number of standard deviations follows
an exponential distribution, here of mean ``kappa``. Most proposals trust the mean, a few explore, and no single weight
has to suit every task. RGP-UCB (Berk et al. 2020, arXiv 2006.04296) is the same idea and draws the squared weight from
a gamma distribution. Records of earlier versions call this acquisition function ``drawn_ucb``, and that name still
works.
"""

from nasbench.acquisitions._base import Acquisition, Posterior
from nasbench.arrays import Floats


class RandomizedUpperConfidenceBound(Acquisition):
    """Mean plus a random number of standard deviations, the same number for all candidates."""

    drawn_anew = True

    def __call__(self, posterior: Posterior) -> Floats:
        """Return the upper confidence bound with a drawn weight; ``[m]``."""
        return posterior.mean + posterior.rng.exponential(posterior.kappa) * posterior.std
