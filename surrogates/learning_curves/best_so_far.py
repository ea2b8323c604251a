"""The best value seen of the learning curve, as the prediction of the final one: a baseline for noisy curves.

Median stopping compares this value (Golovin et al. 2017, "Google Vizier"). The method learns nothing and has no
standard deviation. For a curve without any seen value, the prediction is the mean of the training curves' ends.
"""

from typing import ClassVar

import numpy as np

from nasbench.arrays import Floats
from nasbench.predictions import Batch
from nasbench.surrogates._curves import CurvePredictor, require_curves


class BestSoFar(CurvePredictor):
    """The best value seen so far."""

    uncertain: ClassVar[bool] = False

    def _learn(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        del batch, value, rng

    def _extrapolate(self, batch: Batch) -> tuple[Floats, None]:
        return np.nanmax(require_curves(batch), axis=1), None
