"""Standardisation of columns by the statistics of the training data."""

import numpy as np

from nasbench.arrays import Floats

_FAR = 10.0  # values are clipped at this many standard deviations; only values outside the training data reach it


class Standard:
    """Zero mean and unit variance on the training rows; a missing value becomes the training mean.

    Columns that are constant or missing in training carry no information and are dropped. If no column is left, one
    column of zeros replaces them because libraries require one.

    Args:
        features: [n, f] training rows, nan where missing.
    """

    def __init__(self, features: Floats) -> None:
        known = ~np.isnan(features)
        times = known.sum(axis=0)
        filled = np.where(known, features, 0.0)
        self._mean = filled.sum(axis=0) / np.maximum(times, 1)
        off = np.where(known, features - self._mean, 0.0)
        std = np.sqrt(np.square(off).sum(axis=0) / np.maximum(times, 1))
        scale = np.abs(filled).max(axis=0, initial=0.0)
        self.kept = np.flatnonzero(std > 1e-12 * np.maximum(scale, 1e-300))
        self._std = std[self.kept]

    def __call__(self, features: Floats) -> Floats:
        """Return the standardised columns ``[m, kept]``, at least one."""
        if not len(self.kept):
            return np.zeros((len(features), 1))
        scaled = (features[:, self.kept] - self._mean[self.kept]) / self._std
        near: Floats = np.clip(np.nan_to_num(scaled, nan=0.0, posinf=_FAR, neginf=-_FAR), -_FAR, _FAR)
        return near
