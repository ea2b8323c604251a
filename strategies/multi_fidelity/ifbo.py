"""ifBO's way to choose: go on with the training that is most likely to pass a mark which is drawn anew each time.

Source: Rakotoarison, Adriaensen, Mallik, Garibov, Bergman & Hutter 2024, "In-Context Freeze-Thaw Bayesian Optimization
for Hyperparameter Optimization" (arXiv 2404.16795): the acquisition MFPI-random is the probability that a training
exceeds the best score so far by a share of what is left above it, ``10^u`` for u uniform from -4 to -1, drawn for each
choice.

Differences: theirs also draws the horizon that is asked about, and foretells all curves together in the context of one
net that reads hyperparameters; our predictors foretell the end, and ``freeze_thaw`` is the default. ``lc_pfn`` is the
one in context, but knows nothing of architectures. Scores are fractions with 1 as the best; of others the share is that
of the range seen. The rest is as in ``freeze_thaw``.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import log_ndtr

from nasbench.arrays import Floats
from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity.freeze_thaw import FreezeThawSearch


class IfBOSearch(FreezeThawSearch):
    """Probability of a random improvement.

    Args:
        space: where to search.
        rng: decides everything.
        epochs: that the task answers; filled in by a comparison.
        predictor: label of a predictor of learning curves with a standard deviation.
        n_steps: of a training, at most.
        n_init: random architectures that are trained for a step at first.
        pool_size: architectures without any training that compete.
        refit_every: results between two fits.

    Raises:
        InvalidOption: numbers outside their range, or a predictor that does not fit.
        UnknownName: no such predictor.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: Sequence[int] = (),
        predictor: "str | type | Choice" = "freeze_thaw",
        n_steps: int = 10,
        n_init: int = 10,
        pool_size: int = 100,
        refit_every: int = 10,
    ) -> None:
        super().__init__(
            space,
            rng,
            epochs=epochs,
            predictor=predictor,
            n_steps=n_steps,
            n_init=n_init,
            pool_size=pool_size,
            refit_every=refit_every,
        )

    def _worth(self, mean: Floats, std: Floats, best: float) -> Floats:
        left = 1 - best if 0 <= best <= 1 else np.ptp([one.curve[-1] for one in self._told])
        mark = best + 10 ** self._rng.uniform(-4, -1) * left
        chance: Floats = log_ndtr((mean - mark) / std)
        return chance
