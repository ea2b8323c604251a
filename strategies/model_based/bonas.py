"""BONAS: a graph network's embedding, Bayesian regression on it, and an upper bound over a tournament's neighbours.

Source: Shi, Pi, Xu, Li, Kwok & Zhang 2020, "Bridging the Gap between Sample-based and One-shot Neural Architecture
Search with BONAS" (arXiv 1911.09336), and its code. A graph convolution network learns from all results (100 epochs at
0.001). A Bayesian linear regression on its embedding gives mean and standard deviation, and the search maximises mean +
0.5 standard deviations. Evolution makes the candidates: the best of 10 drawn from the 30 that were trained last is the
parent, and all its neighbours compete. Defaults are the code's for networks that are trained one by one: 10 random
ones, then 5 from each fit. ``supernet`` takes the paper's 100 and 100, which the paper trains together as one network
with shared weights; here each costs its own training run, and the first fit comes after 100.

Differences: weights are not shared. The regression is on the score itself, not its logit, and the loss does not weigh
good architectures more (see predictor ``bonas``). Where a parent has no new neighbours left, the next best of those
drawn takes its place, and finally random architectures do. No architecture is trained twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs
from nasbench.options import Count, NotNegative
from nasbench.strategies._configured import Label
from nasbench.strategies._online_predictor import Forecast
from nasbench.strategies._pools import draw_unseen
from nasbench.strategies._smbo import ModelBasedSearch

REQUIRES = {"torch": "torch"}


@dataclass(kw_only=True, eq=False)
class BONAS(ModelBasedSearch):
    """Bayesian optimisation on a learnt embedding.

    Attributes:
        population_size: number of youngest architectures that may be parents.
        tournament_size: number of them drawn for a tournament.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"supernet": {"n_init": 100, "batch": 100}}

    predictor: Label = "bonas@bayesian"
    acquisition: str = field(default="ucb", init=False)
    kappa: NotNegative = 0.5
    pool: str = field(default="mutation", init=False)  # `_make_pool` replaces it
    pool_size: Count = field(default=1, init=False)
    population_size: Count = 30
    tournament_size: Count = 10
    batch: Count = 5

    def _make_pool(self, parents: Archs, forecast: Forecast, best: float) -> Archs:
        """Return the new neighbours of a tournament's winner, or of the next best entrant that has some."""
        del parents, forecast, best
        archs, scores = self._get_results()
        archs, scores = archs[-self.population_size :], scores[-self.population_size :]
        entrants = self._rng.permutation(len(archs))[: self.tournament_size]
        for entrant in entrants[np.argsort(-scores[entrants], kind="stable")]:
            around, _ = self._space.neighbors(archs[[entrant]])
            if len(fresh := self._seen.filter_unseen(around)):
                return fresh
        return draw_unseen(self._space, self._seen, self.batch, self._rng)
