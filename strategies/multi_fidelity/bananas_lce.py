"""BANANAS with learning-curve extrapolation: its proposals are trained a little, the promising ones completely.

Source: Yan, White, Savani & Hutter 2021, "NAS-Bench-x11 and the Power of Learning Curves" (arXiv 2111.03602),
BANANAS-SVR: ``bananas`` with 20 random architectures and 20 proposals a fit, as in their experiments, in their
framework with the support vector regression of ``curve_svr``. Each proposal is trained for a fifth of its epochs; of
20, the ten whose curves are predicted to end highest are completed, and BANANAS learns of the others by the predicted
score.

Differences: as in ``regularized_evolution_lce``.
"""

from collections.abc import Sequence

import numpy as np

from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies.model_based.bananas import Bananas
from nasbench.strategies.multi_fidelity._lce import ExtrapolatingSearch, Extrapolation

REQUIRES = {"torch": "torch", "sklearn": "trees"}


class BananasLCE(ExtrapolatingSearch):
    """BANANAS of which half is foretold.

    Args:
        space: where to search.
        rng: decides everything.
        epochs: that the task answers; filled in by a comparison.
        surrogate: label of the predictor of architectures, as in ``bananas``.
        predictor: label of a predictor of learning curves.
        share: of a training, after which its end is predicted.
        round_size: trainings whose predictions are compared, and proposals of a fit.
        kept: how many of them are completed.
        n_init: random architectures at the start, which are completed.

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
        surrogate: "str | type | Choice" = "mlp_ensemble",
        predictor: "str | type | Choice" = "curve_svr",
        share: float = 0.2,
        round_size: int = 20,
        kept: int = 10,
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
        inner = Bananas(space, rng, predictor=surrogate, n_init=n_init, batch=round_size)
        super().__init__(space, rng, inner=inner, epochs=epochs, settings=settings)
