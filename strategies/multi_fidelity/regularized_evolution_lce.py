"""Regularized evolution with learning-curve extrapolation: children are trained briefly, promising ones completely.

Source: Yan, White, Savani & Hutter 2021, "NAS-Bench-x11 and the Power of Learning Curves" (arXiv 2111.03602), REA-SVR:
``regularized_evolution`` (population 20, sample 10, as in their experiments) in their framework, with the support
vector regression of ``curve_svr``. Each child is trained for a fifth of its epochs. Of ten, the five with the highest
predicted final scores are completed, and the others enter the population with the predicted scores.

Differences: the paper does not say what happens to those that are not completed. A free worker begins the next child
rather than waiting for a round to be full. A training run is validated twenty times up to its end.
"""

from dataclasses import dataclass

from nasbench.options import Count
from nasbench.strategies.model_free.regularized_evolution import RegularizedEvolution
from nasbench.strategies.multi_fidelity._lce import ExtrapolatingSearch

REQUIRES = {"sklearn": "trees"}


@dataclass(kw_only=True, eq=False)
class RegularizedEvolutionLCE(ExtrapolatingSearch):
    """Aging evolution that completes half of its children and predicts the others.

    Attributes:
        population_size: as in ``regularized_evolution``.
        sample_size: as there.
    """

    population_size: Count = 20
    sample_size: Count = 10

    def _make_inner(self) -> RegularizedEvolution:
        return RegularizedEvolution(
            self._space, self._rng, population_size=self.population_size, sample_size=self.sample_size
        )
