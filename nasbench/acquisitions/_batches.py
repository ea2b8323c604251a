"""Batches by local penalisation: acquisition values are reduced near pending architectures."""

import numpy as np
from scipy.special import log_ndtr

from nasbench.acquisitions._choosing import make_acquisition
from nasbench.arrays import Floats


def log_positive(label: str, worth: Floats) -> Floats:
    """Return the logarithm of acquisition values; real values are first made positive by a softplus; ``[m]``."""
    values = make_acquisition(label).values
    if values == "logarithm":
        return worth
    if values == "positive":
        return np.log(np.maximum(worth, np.finfo(np.float64).tiny))
    softened: Floats = np.log(np.logaddexp(0, (worth - worth.mean()) / max(float(worth.std()), 1e-12)))
    return softened


def log_local_penalty(distance: Floats, *, steepness: float, lead: Floats, std: Floats) -> Floats:
    """Return the logarithm of the local penalty on m candidates by p pending architectures; ``[m]``.

    Gonzalez, Dai, Hennig & Lawrence 2016 (arXiv 1505.08052), equation 9: the probability that a candidate lies outside
    the ball around a pending architecture in which the optimum cannot be.

    Args:
        distance: [m, p] number of decisions in which candidate and pending architecture differ.
        steepness: largest change of the score per decision (their Lipschitz constant).
        lead: [p] best score minus the prediction for each pending architecture.
        std: [p] standard deviation of that prediction.
    """
    penalty: Floats = log_ndtr((steepness * distance - lead) / std).sum(axis=1)
    return penalty
