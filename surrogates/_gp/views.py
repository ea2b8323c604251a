"""Features for kernels that are not sums over sparse counts: dense tensors, and asked about once."""

from typing import Any

import torch
from torch import Tensor

from nasbench.arrays import Archs, Floats
from nasbench.surrogates._scaled import ScaledColumns


class ScaledViews(ScaledColumns):
    """The same as tensors."""

    def encode(self, archs: Archs) -> Tensor:
        """Return the features of architectures [n, d]; ``[n, f]``, float64."""
        return torch.from_numpy(self(archs))


def predict_in_chunks(of: Any, archs: Archs, views: ScaledViews, *, chunk: int = 2048) -> tuple[Floats, Floats]:
    """Ask ``of(features) -> (mean, std)`` about every different architecture once; ``[n]`` each."""
    first, back = views.find_distinct(archs)
    parts = [of(views.encode(archs[first[i : i + chunk]])) for i in range(0, len(first), chunk)]
    mean, std = (torch.cat(side).numpy() for side in zip(*parts, strict=True))
    return mean[back], std[back]
