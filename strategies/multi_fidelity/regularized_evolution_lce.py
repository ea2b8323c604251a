"""Regularized evolution with learning-curve extrapolation: children are trained a little, promising ones completely.

Source: Yan, White, Savani & Hutter 2021, "NAS-Bench-x11 and the Power of Learning Curves" (arXiv 2111.03602), REA-SVR:
``regularized_evolution`` (population 20, sample 10, as in their experiments) in their framework, with the support
vector regression of ``curve_svr``. Each child is trained for a fifth of its epochs; of ten, the five whose curves are
predicted to end highest are completed, and the others enter the population with the predicted score.

Differences: the paper does not say what becomes of those that are not completed; a worker that is free begins the next
child rather than waiting for a round to be full. A training is looked at twenty times up to its end.
"""

from collections.abc import Sequence

import numpy as np

from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies.model_free.regularized_evolution import RegularizedEvolution
from nasbench.strategies.multi_fidelity._lce import ExtrapolatingSearch, Extrapolation

REQUIRES = {"sklearn": "trees"}


class RegularizedEvolutionLCE(ExtrapolatingSearch):
    """Aging evolution of which half is foretold.

    Args:
        space: where to search.
        rng: decides everything.
        epochs: that the task answers; filled in by a comparison.
        population_size: as in ``regularized_evolution``.
        sample_size: as there.
        predictor: label of a predictor of learning curves.
        share: of a training, after which its end is predicted.
        round_size: trainings whose predictions are compared.
        kept: how many of them are completed.
        n_init: trainings that are completed at first.

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
        population_size: int = 20,
        sample_size: int = 10,
        predictor: "str | type | Choice" = "curve_svr",
        share: float = 0.2,
        round_size: int = 10,
        kept: int = 5,
        n_init: int = 20,
    ) -> None:
        settings = Extrapolation(
            predictor=predictor,
            share=share,
            n_init=n_init,
            round_size=round_size,
            kept=kept,
            n_looks=20,
            refit_every=10,
        )
        inner = RegularizedEvolution(space, rng, population_size=population_size, sample_size=sample_size)
        super().__init__(space, rng, inner=inner, epochs=epochs, settings=settings)
