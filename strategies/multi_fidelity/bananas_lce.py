"""BANANAS with learning-curve extrapolation: proposals are trained briefly, the promising ones completely.

Source: Yan, White, Savani & Hutter 2021, "NAS-Bench-x11 and the Power of Learning Curves" (arXiv 2111.03602),
BANANAS-SVR: ``bananas`` with 20 random architectures and 20 proposals a fit, as in their experiments, in their
framework with the support vector regression of ``curve_svr``. Each proposal is trained for a fifth of its epochs. Of
20, the ten with the highest predicted final scores are completed, and BANANAS learns the predicted scores of the
others.

Differences: as in ``regularized_evolution_lce``.
"""

from dataclasses import dataclass

from nasbench.options import Count
from nasbench.strategies._configured import Label
from nasbench.strategies.model_based.bananas import Bananas
from nasbench.strategies.multi_fidelity._lce import ExtrapolatingSearch

REQUIRES = {"torch": "torch", "sklearn": "trees"}


@dataclass(kw_only=True, eq=False)
class BananasLCE(ExtrapolatingSearch):
    """BANANAS that completes half of its proposals and predicts the others.

    Attributes:
        surrogate: label of the predictor of architectures, as in ``bananas``.
        round_size: training runs whose predictions are compared, and proposals from each fit.
        n_init: random architectures at the start, which are always completed.
    """

    surrogate: Label = "mlp_ensemble"
    round_size: Count = 20
    kept: Count = 10

    def _make_inner(self) -> Bananas:
        return Bananas(self._space, self._rng, predictor=self.surrogate, n_init=self.n_init, batch=self.round_size)
