"""ifBO: resume the training run most likely to exceed a threshold that is redrawn for every choice.

Source: Rakotoarison, Adriaensen, Mallik, Garibov, Bergman & Hutter 2024, "In-Context Freeze-Thaw Bayesian Optimization
for Hyperparameter Optimization" (arXiv 2404.16795). The acquisition function MFPI-random is the probability that a
training run exceeds the best score so far by a share of the remaining gap to 1. That share is ``10^u`` for u uniform
from -4 to -1, redrawn for each choice.

Differences: theirs also draws the horizon of the prediction, and predicts all curves together in the context of one net
that reads hyperparameters. Our predictors predict the final score, and ``freeze_thaw`` is the default; ``lc_pfn``
predicts in context, but knows nothing of architectures. Scores are assumed to be fractions with 1 as the best; for
other scores the share is that of the range seen so far. The rest is as in ``freeze_thaw``.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from nasbench.arrays import Floats
from nasbench.strategies.multi_fidelity._freeze_thaw import FreezeThawSearch


@dataclass(kw_only=True, eq=False)
class IfBOSearch(FreezeThawSearch):
    """Freeze-thaw search by the probability of exceeding a random threshold."""

    def _compute_acquisition(self, mean: Floats, std: Floats, best: float) -> Floats:
        left = 1 - best if 0 <= best <= 1 else np.ptp([one.curve[-1] for one in self._told])
        mark = best + 10 ** self._rng.uniform(-4, -1) * left
        chance: Floats = log_ndtr((mean - mark) / std)
        return chance
