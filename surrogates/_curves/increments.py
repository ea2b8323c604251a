"""Median increments of learning curves between epochs, and their spread."""

import numpy as np

from nasbench.arrays import Bools, Floats

NORMAL = 1.4826
"""Ratio of a normal distribution's standard deviation to its median absolute deviation."""

_LEAST_SIZE = 1e-3


def compute_median_increments(curves: Floats) -> tuple[Floats, Floats]:
    """Return the median increments between epochs, and the typical deviations from them.

    Args:
        curves: [n, t] curves; zero is the mean of the curves' ends and one is the ends' standard deviation.

    Returns:
        Two arrays ``[t + 1, t + 1]``: from the epoch of the row (0 stands for the mean of all ends) to that of the
            column. They hold 0 and 1 where no curve was seen at both epochs.
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
