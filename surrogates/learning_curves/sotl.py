"""Training-speed estimators: architectures ranked by the sum of their training losses so far.

Source: Ru, Lyle, Schut, Fil, van der Wilk & Gal 2021, "Speedy Performance Estimation for Neural Architecture Search",
arXiv 2006.04492 (SoTL in its first version, TSE in its last). Preset ``e`` sums the last epoch only. Preset ``ema``
weights older epochs less, by 0.99 each, as in White et al. 2021 (arXiv 2104.01177).

Differences: the source sums the losses of minibatches; tables hold their mean over each epoch. A line through the
training points with the same number of epochs converts the sum to a score. A missing loss is replaced by the mean of
the available ones.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Floats
from nasbench.errors import InvalidOption
from nasbench.spaces import SearchSpace
from nasbench.surrogates._curves.line import LossLine


class SoTL(LossLine):
    """The negative sum of training losses.

    Args:
        space: the search space of the architectures; not used otherwise.
        window: number of last epochs to sum; 0 for all.
        decay: weight of an epoch relative to the next, in (0, 1].
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"e": {"window": 1}, "ema": {"decay": 0.99}}

    def __init__(self, space: SearchSpace, *, window: int = 0, decay: float = 1.0) -> None:
        super().__init__(space)
        if window < 0 or not 0 < decay <= 1:
            raise InvalidOption(f"window={window}, decay={decay}; expected a window from 0 and a decay in (0, 1]")
        self._window, self._decay = window, decay

    def _summarize_losses(self, losses: Floats) -> Floats:
        train = losses[:, -self._window :, 0]
        weight = self._decay ** np.arange(train.shape[1])[::-1] * ~np.isnan(train)
        total = weight.sum(axis=1)
        mean = (weight * np.nan_to_num(train)).sum(axis=1) / np.where(total > 0, total, np.nan)
        number: Floats = -mean * train.shape[1]
        return number
