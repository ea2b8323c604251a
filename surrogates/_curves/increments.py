"""The usual way of learning curves: what they gain from each epoch to each later one, and how they differ in it."""

import numpy as np

from nasbench.arrays import Bools, Floats

NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median distance from the mean."""

_LEAST_SIZE = 1e-3


def compute_median_increments(curves: Floats) -> tuple[Floats, Floats]:
    """Return the median of what curves gain from epoch to epoch, and how far they usually are from it.

    Args:
        curves: [n, t] in units of their ends' deviation around their mean.

    Returns:
        ``[t + 1, t + 1]`` each: from the epoch of the row, 0 for the mean of all ends, to that of the column; 0 and 1
        where no curve was seen at both.
    """
    values = np.concatenate([np.zeros((len(curves), 1)), curves], axis=1)
    median, size = np.zeros((2, values.shape[1], values.shape[1]))
    for epoch, start in enumerate(values.T):
        gain = values - start[:, None]
        known: Bools = ~np.isnan(gain).all(axis=0)
        median[epoch, known] = np.nanmedian(gain[:, known], axis=0)
        size[epoch, known] = NORMAL * np.nanmedian(np.abs(gain[:, known] - median[epoch, known]), axis=0)
        size[epoch, ~known] = 1.0
    return median, np.maximum(size, _LEAST_SIZE)
