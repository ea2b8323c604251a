"""DPL: go on with the training that an ensemble of power laws expects to end best.

Source: Kadra, Janowski, Wistuba & Grabocka 2023, "Scaling Laws for Hyperparameter Optimization" (arXiv 2302.00441):
nets read power laws of the learning curve off an architecture (the predictor ``dpl``); what has the largest expected
improvement at the end of its training, trained or not, goes on for a step.

Differences: fits are made every 50 results and not after each, and start anew; the rest is as in ``freeze_thaw``.
"""

from collections.abc import Sequence

import numpy as np

from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity.freeze_thaw import FreezeThawSearch

REQUIRES = {"torch": "torch"}


class DPLSearch(FreezeThawSearch):
    """Expected improvement by power laws.

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
        predictor: "str | type | Choice" = "dpl",
        n_steps: int = 10,
        n_init: int = 10,
        pool_size: int = 100,
        refit_every: int = 50,
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
