"""Draws from the marginal distributions of candidates."""

from nasbench.acquisitions._base import Posterior
from nasbench.arrays import Floats


def draw_marginals(posterior: Posterior) -> Floats:
    """Draw one score of each candidate, independently; ``[m]``."""
    return posterior.mean + posterior.std * posterior.rng.standard_normal(len(posterior.mean))
