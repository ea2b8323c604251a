"""The last value seen of the learning curve, as the prediction of the final one: the baseline to beat.

Also known as early-stopped validation accuracy; successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943) ranks
by it. The method learns nothing and has no standard deviation. For a curve without any seen value, the prediction is
the mean of the training curves' ends.
"""

from typing import ClassVar

import numpy as np

from nasbench.arrays import Floats
from nasbench.predictions import Batch
from nasbench.surrogates._curves import CurvePredictor, find_last_values, require_curves


class LastValue(CurvePredictor):
    """The last value seen."""

    uncertain: ClassVar[bool] = False

    def _learn(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        del batch, value, rng

    def _extrapolate(self, batch: Batch) -> tuple[Floats, None]:
        return find_last_values(require_curves(batch)), None
