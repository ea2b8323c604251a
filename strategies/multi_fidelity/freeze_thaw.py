"""Freeze-thaw Bayesian optimisation: pause trainings, and go on with those whose ends are most likely to be the best.

Source: Swersky, Snoek & Adams 2014, "Freeze-Thaw Bayesian Optimization" (arXiv 1406.3896): a Gaussian process over
architectures says where curves end, another with a kernel of decaying exponentials how they get there (the predictor
``freeze_thaw``); what has the largest expected improvement is trained for a step more.

Differences: the paper chooses by entropy search among the ten paused and three new trainings with the largest expected
improvement; here that decides alone, among all that are paused and 100 new ones. A training has ten steps, fits are
made every ten results, and improvement is counted from the best score so far at any step.
"""

from collections.abc import Sequence

import numpy as np

from nasbench.acquisitions import weigh
from nasbench.arrays import Floats
from nasbench.choices import Choice
from nasbench.predictions import Prediction
from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity._freeze_thaw import Thawing, ThawingSearch


class FreezeThawSearch(ThawingSearch):
    """Expected improvement at the end of paused and new trainings.

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
        settings = Thawing(
            predictor=predictor, n_steps=n_steps, n_init=n_init, pool_size=pool_size, refit_every=refit_every
        )
        super().__init__(space, rng, epochs=epochs, settings=settings)

    def _worth(self, mean: Floats, std: Floats, best: float) -> Floats:
        return weigh("log_ei", Prediction(mean, std), best=best, kappa=0.0, rng=self._rng)
