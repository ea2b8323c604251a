"""Scaled features for methods that are not sums over counts: each group of columns has about unit spread."""

from typing import Any

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.encodings import make_encoding
from nasbench.spaces import SearchSpace

COARSE = "path_bag+path_statistics+live_operations"
"""What an architecture computes, but not where; a hundred training runs are enough to learn from these features."""


class ScaledColumns:
    """The logarithms of an encoding, each group divided by its root mean squared deviation over the training points.

    Args:
        space: the search space of the architectures.
        label: encodings, joined by ``+``; an empty string for no columns.

    Attributes:
        groups: [f] group of each column, counted from 0; known after ``fit``.
    """

    groups: Ints

    def __init__(self, space: SearchSpace, label: str) -> None:
        self._encoding = make_encoding(space, label) if label else None

    def fit(self, archs: Archs) -> None:
        """Learn columns and scales from ``archs`` [n, d]."""
        if self._encoding is None:
            self.groups = np.empty(0, dtype=np.int64)
            return
        self._encoding.fit(archs)
        self.groups = np.unique(self._encoding.groups, return_inverse=True)[1].ravel()
        features = self._take_logarithms(archs)
        squares = np.asarray(features.multiply(features).mean(axis=0)).ravel()
        variance = (squares - np.asarray(features.mean(axis=0)).ravel() ** 2).clip(min=0)
        of_group = np.bincount(self.groups, weights=variance)
        self._units = np.sqrt(np.where(of_group > 0, of_group, 1.0))[self.groups]

    def __call__(self, archs: Archs) -> Floats:
        """Return the features of architectures [n, d]; ``[n, f]``."""
        if self._encoding is None:
            return np.empty((len(archs), 0))
        return np.asarray(self._take_logarithms(archs).toarray() / self._units)

    def find_distinct(self, archs: Archs) -> tuple[Ints, Ints]:
        """Return rows [k] with different features, and the position of each of ``archs`` [n] among them."""
        if self._encoding is None:
            return np.arange(min(len(archs), 1)), np.zeros(len(archs), dtype=np.int64)
        _, first, back = np.unique(self._encoding.alike(archs), return_index=True, return_inverse=True)
        return first, back.ravel()

    def _take_logarithms(self, archs: Archs) -> Any:
        """Return log(1 + feature), sparse: the tenth path matters less than the second."""
        assert self._encoding is not None
        features = self._encoding.sparse(archs).tocsr()
        features.data = np.log1p(features.data)
        return features
