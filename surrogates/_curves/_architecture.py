"""Architectures as the columns that stand beside a learning curve."""

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.encodings import make_encoding
from nasbench.spaces import SearchSpace
from surrogates._standard import Standard

COARSE = "path_bag+path_statistics+live_operations"
"""What an architecture computes, without where: what a hundred trainings can teach."""


class ArchitectureColumns:
    """Logarithms of an encoding's counts, each column of zero mean and unit variance among training points.

    Args:
        space: where the architectures are from.
        encoding: see ``nasbench.encodings``; empty for no column at all.
    """

    def __init__(self, space: SearchSpace, encoding: str) -> None:
        self._encoding = make_encoding(space, encoding) if encoding else None

    def fit(self, archs: Archs) -> None:
        """Learn columns and units from ``archs`` [n, d]."""
        if self._encoding is not None:
            self._encoding.fit(archs)
            self._standard = Standard(self._raw(archs))

    def __call__(self, archs: Archs) -> Floats:
        """Return ``[m, f]``."""
        return np.empty((len(archs), 0)) if self._encoding is None else self._standard(self._raw(archs))

    def _raw(self, archs: Archs) -> Floats:
        features = self._encoding.encode(archs) if self._encoding is not None else np.empty((len(archs), 0))
        return np.asarray(np.sign(features) * np.log1p(np.abs(features)))
