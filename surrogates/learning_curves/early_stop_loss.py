"""Architectures ranked by the last validation loss seen.

One of the baselines of White et al. 2021, "How Powerful are Performance Predictors in Neural Architecture Search?",
arXiv 2104.01177; early-stopped validation accuracy is ``last_value``. The loss is turned into a score by a line
through the training points with as many epochs.
"""

import numpy as np

from nasbench.arrays import Floats
from nasbench.surrogates._curves import find_last_values
from nasbench.surrogates._curves.line import LossLine


class EarlyStopLoss(LossLine):
    """Minus the last validation loss."""

    def _number(self, losses: Floats) -> Floats:
        return -find_last_values(np.asarray(losses[:, :, 1]))
