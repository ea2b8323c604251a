"""Features as dense tensors for kernels that are not sums over sparse counts, and predictions without duplicates."""

from typing import Any

import torch
from torch import Tensor

from nasbench.arrays import Archs, Floats
from nasbench.surrogates._scaled import ScaledColumns


class ScaledViews(ScaledColumns):
    """Scaled columns as tensors."""

    def encode(self, archs: Archs) -> Tensor:
        """Return the features of architectures [n, d]; ``[n, f]``, float64."""
        return torch.from_numpy(self(archs))


def predict_in_chunks(predict: Any, archs: Archs, views: ScaledViews, *, chunk: int = 2048) -> tuple[Floats, Floats]:
    """Call ``predict(features) -> (mean, std)`` once for every distinct architecture; return both as ``[n]``."""
    first, back = views.find_distinct(archs)
    parts = [predict(views.encode(archs[first[i : i + chunk]])) for i in range(0, len(first), chunk)]
    mean, std = (torch.cat(side).numpy() for side in zip(*parts, strict=True))
    return mean[back], std[back]
