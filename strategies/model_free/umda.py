"""UMDA: draw each decision from its frequencies among the best of the last generation.

Source: Mühlenbein & Paaß 1996, "From Recombination of Genes to the Estimation of Distributions" (PPSN IV): the
univariate marginal distribution algorithm, an estimation of distribution, with truncation selection. The paper leaves
the sizes to the problem. The defaults, 40 architectures of which the best 30% count, are ours.

Differences: ``smoothing`` pseudo-observations of each decision, shared among its choices, are added to the counts, so
that no choice dies out. In spaces where not every row is valid, draws are repeated until they are (see
``_product_distribution.py``). A draw that was trained before is mutated until it is new, up to ten times. With several
workers a generation waits for its last training run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.options import FromTwo, NotNegative, Probability
from nasbench.spaces import SearchSpace
from nasbench.strategies import _product_distribution as product_distribution
from nasbench.strategies._bookkeeping import mutate_until_new
from nasbench.strategies._rounds import RoundSearch


@dataclass(kw_only=True, eq=False)
class UMDA(RoundSearch):
    """Univariate estimation of distribution.

    Attributes:
        population_size: architectures of a generation.
        truncation: share of best architectures to learn from; at least one.
        smoothing: pseudo-observations of each decision, spread evenly over its choices.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "half": {"truncation": 0.5},
    }

    population_size: FromTwo = 40
    truncation: Probability = 0.3
    smoothing: NotNegative = 1.0

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin with no architecture known."""
        super().__post_init__(space, rng)
        space.require_choices("umda")
        self._n_best = max(1, round(self.truncation * self.population_size))
        self._known: set[bytes] = set()

    def _begin_round(self) -> Archs:
        order = np.argsort(-self._rounds.scores, kind="stable")
        best = order[: self._n_best][np.isfinite(self._rounds.scores[order[: self._n_best]])]
        if len(best):
            archs = product_distribution.draw(
                self._space, self._rng, self._estimate_frequencies(self._rounds.archs[best]), self.population_size
            )
        else:  # the first generation, or one of crashes only
            archs = self._space.sample(self.population_size, self._rng)
        return mutate_until_new(self._space, self._rng, archs, self._known)

    def _estimate_frequencies(self, archs: Archs) -> Floats:
        """Return the smoothed share of each choice among ``archs``; ``[d, k]``."""
        prior = self.smoothing * product_distribution.make_uniform(self._space)
        counts = (archs[:, :, None] == np.arange(prior.shape[1])).sum(axis=0)
        return np.asarray((counts + prior) / (len(archs) + self.smoothing))
