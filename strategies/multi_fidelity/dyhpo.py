"""DyHPO: go on with the training whose end a deep kernel of its curve so far expects to be the best.

Source: Wistuba, Kadra & Grabocka 2022, "Supervising the Multi-Fidelity of Hyperparameter Configurations" (arXiv
2202.09774): a Gaussian process with a deep kernel of architecture, epoch and curve (the predictor ``dyhpo``) and
expected improvement over epochs decide which training goes on for a step.

Differences: the paper asks what the next step will show, and counts improvement from the best at that step; the
predictor here foretells the end, so improvement is that of the end over the best score so far. The rest is as in
``freeze_thaw``.
"""

from collections.abc import Sequence

import numpy as np

from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity.freeze_thaw import FreezeThawSearch

REQUIRES = {"torch": "gp", "gpytorch": "gp"}


class DyHPOSearch(FreezeThawSearch):
    """Expected improvement by a deep kernel.

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
        predictor: "str | type | Choice" = "dyhpo",
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
