"""Features for kernels that are not sums over sparse counts: dense, each group of columns of about unit spread."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from nasbench.arrays import Archs, Floats, Ints
from nasbench.encodings import make_encoding
from nasbench.spaces import SearchSpace


class ScaledViews:
    """An encoding's logarithms, each group divided by its root mean squared deviation among training points.

    Args:
        space: where the architectures are from.
        label: encodings, joined by ``+``.

    Attributes:
        groups: [f] the group of each column, counted from 0; known after ``fit``.
    """

    groups: Ints

    def __init__(self, space: SearchSpace, label: str) -> None:
        self._encoding = make_encoding(space, label)

    def fit(self, archs: Archs) -> None:
        """Learn columns and units from ``archs`` [n, d]."""
        self._encoding.fit(archs)
        self.groups = np.unique(self._encoding.groups, return_inverse=True)[1].ravel()
        features = self._logarithms(archs)
        squares = np.asarray(features.multiply(features).mean(axis=0)).ravel()
        variance = (squares - np.asarray(features.mean(axis=0)).ravel() ** 2).clip(min=0)
        of_group = np.bincount(self.groups, weights=variance)
        self._units = np.sqrt(np.where(of_group > 0, of_group, 1.0))[self.groups]

    def encode(self, archs: Archs) -> Tensor:
        """Return the features of architectures [n, d]; ``[n, f]``, float64."""
        return torch.from_numpy(self._logarithms(archs).toarray() / self._units)

    def distinct(self, archs: Archs) -> tuple[Ints, Ints]:
        """Return rows [k] that have different features, and for each of ``archs`` [n] its position among them."""
        _, first, back = np.unique(self._encoding.alike(archs), return_index=True, return_inverse=True)
        return first, back.ravel()

    def _logarithms(self, archs: Archs) -> Any:
        """Return log(1 + feature), sparse: the tenth path matters less than the second."""
        features = self._encoding.sparse(archs).tocsr()
        features.data = np.log1p(features.data)
        return features


def in_chunks(of: Any, archs: Archs, views: ScaledViews, *, chunk: int = 2048) -> tuple[Floats, Floats]:
    """Ask ``of(features) -> (mean, std)`` about every different architecture once; ``[n]`` each."""
    first, back = views.distinct(archs)
    parts = [of(views.encode(archs[first[i : i + chunk]])) for i in range(0, len(first), chunk)]
    mean, std = (torch.cat(side).numpy() for side in zip(*parts, strict=True))
    return mean[back], std[back]
