"""Columns brought to one scale by what the training data say of them."""

import numpy as np

from nasbench.arrays import Floats

_FAR = 10.0  # standard deviations beyond which a value counts as that far: it can only be seen after training


class Standard:
    """Zero mean and unit variance on the training rows; a missing value becomes the training mean.

    Columns that are constant or missing in training say nothing and are dropped; where that is all of them, one of
    zeros stands in their place, since libraries want one.

    Args:
        features: [n, f] training rows, nan where one is missing.
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
        """Return ``[m, kept]``, one column at least."""
        if not len(self.kept):
            return np.zeros((len(features), 1))
        scaled = (features[:, self.kept] - self._mean[self.kept]) / self._std
        near: Floats = np.clip(np.nan_to_num(scaled, nan=0.0, posinf=_FAR, neginf=-_FAR), -_FAR, _FAR)
        return near
