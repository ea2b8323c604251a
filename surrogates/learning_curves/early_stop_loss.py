"""Architectures ranked by the last validation loss seen.

One of the baselines of White et al. 2021, "How Powerful are Performance Predictors in Neural Architecture Search?",
arXiv 2104.01177; early-stopped validation accuracy is ``last_value``. A line through the training points with the same
number of epochs converts the loss to a score.
"""

import numpy as np

from nasbench.arrays import Floats
from nasbench.surrogates._curves import find_last_values
from nasbench.surrogates._curves.line import LossLine


class EarlyStopLoss(LossLine):
    """The negative last validation loss."""

    def _summarize_losses(self, losses: Floats) -> Floats:
        return -find_last_values(np.asarray(losses[:, :, 1]))
