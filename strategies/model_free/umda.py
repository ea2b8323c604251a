"""UMDA: draw each decision from its frequencies among the best of the last generation.

Source: Mühlenbein & Paaß 1996, "From Recombination of Genes to the Estimation of Distributions" (PPSN IV):
the univariate marginal distribution algorithm, an estimation of distribution, with truncation selection. The
paper leaves the sizes to the problem; the defaults, 40 architectures of which the best 30% count, are ours.

Differences: each choice counts ``smoothing`` more than it was seen, shared among the choices of its decision,
so that none dies out. In spaces where not every row is valid, draws are repeated until they are
(``_products.py``). A draw that was trained before is mutated until it is new, ten times at most. With several
workers a generation waits for its last training.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.spaces import SearchSpace
from nasbench.strategies import _product_distribution as _products
from nasbench.strategies._bookkeeping import InRounds, Rounds, check_at_least, check_within, unlike


class UMDA(InRounds):
    """Univariate estimation of distribution.

    Args:
        space: where to search.
        rng: draws the architectures.
        population_size: architectures of a generation.
        truncation: share of them, the best, that is learnt from; at least one.
        smoothing: pseudo-observations of each decision, spread evenly over its choices.

    Raises:
        InvalidOption: a population below 2, a share outside [0, 1], negative smoothing.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "half": {"truncation": 0.5},
    }

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        population_size: int = 40,
        truncation: float = 0.3,
        smoothing: float = 1.0,
    ) -> None:
        check_at_least(2, population_size=population_size)
        check_within(0, 1, truncation=truncation)
        check_at_least(0, smoothing=smoothing)
        self._space, self._rng, self._size = space, rng, population_size
        self._n_best = max(1, round(truncation * population_size))
        self._smoothing = smoothing
        self._rounds = Rounds(self._make_generation, len(space.decisions))
        self._known: set[bytes] = set()

    def _make_generation(self) -> Archs:
        order = np.argsort(-self._rounds.scores, kind="stable")
        best = order[: self._n_best][np.isfinite(self._rounds.scores[order[: self._n_best]])]
        if len(best):
            archs = _products.draw(
                self._space, self._rng, self._estimate_frequencies(self._rounds.archs[best]), self._size
            )
        else:  # the first generation, or one of crashes only
            archs = self._space.sample(self._size, self._rng)
        return unlike(self._space, self._rng, archs, self._known)

    def _estimate_frequencies(self, archs: Archs) -> Floats:
        """Return the smoothed share of each choice among ``archs``; ``[d, k]``."""
        prior = self._smoothing * _products.make_uniform(self._space)
        counts = (archs[:, :, None] == np.arange(prior.shape[1])).sum(axis=0)
        return np.asarray((counts + prior) / (len(archs) + self._smoothing))
