"""Batches by local penalisation: the surroundings of what is pending become unattractive."""

import numpy as np
from scipy.special import log_ndtr

from nasbench.acquisitions._choosing import make_acquisition
from nasbench.arrays import Floats


def log_positive(label: str, worth: Floats) -> Floats:
    """Return the logarithm of an acquisition made positive, where it is not, by a soft plus; ``[m]``."""
    values = make_acquisition(label).values
    if values == "logarithm":
        return worth
    if values == "positive":
        return np.log(np.maximum(worth, np.finfo(np.float64).tiny))
    softened: Floats = np.log(np.logaddexp(0, (worth - worth.mean()) / max(float(worth.std()), 1e-12)))
    return softened


def log_local_penalty(distance: Floats, *, steepness: float, lead: Floats, std: Floats) -> Floats:
    """Return the logarithm of how far m candidates may be explored beside p pending ones; ``[m]``.

    Gonzalez, Dai, Hennig & Lawrence 2016 (arXiv 1505.08052), equation 9: the chance that a candidate lies outside the
    ball around a pending architecture in which the optimum cannot be.

    Args:
        distance: [m, p] decisions in which candidate and pending architecture differ.
        steepness: largest change of the score with a decision (their Lipschitz constant).
        lead: [p] the best score minus what is expected of the pending one.
        std: [p] standard deviation of the pending one.
    """
    penalty: Floats = log_ndtr((steepness * distance - lead) / std).sum(axis=1)
    return penalty
