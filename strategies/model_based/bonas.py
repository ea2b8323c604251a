"""BONAS: a graph network's embedding, Bayesian regression on it, and an upper bound over a tournament's neighbours.

Source: Shi, Pi, Xu, Li, Kwok & Zhang 2020, "Bridging the Gap between Sample-based and One-shot Neural Architecture
Search with BONAS" (arXiv 1911.09336), and its code. A graph convolution network learns from all that was trained (100
epochs at 0.001); a Bayesian linear regression on its embedding gives mean and standard deviation, and
mean + 0.5 standard deviations is maximised. Candidates are made by evolution: the best of 10 drawn from the 30 that
were trained last is the parent, and all its neighbours compete. Defaults are the code's for networks that are trained
one by one: 10 random ones, then 5 from each fit. ``supernet`` takes the paper's 100 and 100, which are trained
together as one network with shared weights; here each costs its own training, and the first fit comes after 100.

Measured on nb201-cifar10, 30 runs of about 90 trainings: mean regret .12 percentage points (random search .61), four
seconds a run; ``batch=10`` halves the fits.

Differences: weights are not shared. The score itself is regressed, not its logit, and the loss does not weigh good
architectures more (see predictor ``bonas``). Where a parent has no new neighbours left, the next best of those drawn
takes its place, at last random architectures. No architecture is trained twice.
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
        population_size: how many of the youngest may be parents.
        tournament_size: how many of them are drawn.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"supernet": {"n_init": 100, "batch": 100}}

    predictor: Label = "bonas@bayesian"
    acquisition: str = field(default="ucb", init=False)
    kappa: NotNegative = 0.5
    pool: str = field(default="mutation", init=False)  # of which `_pool` makes its own kind
    pool_size: Count = field(default=1, init=False)
    population_size: Count = 30
    tournament_size: Count = 10
    batch: Count = 5

    def _make_pool(self, parents: Archs, forecast: Forecast, best: float) -> Archs:
        """Return the new neighbours of a tournament's winner, or of the next in line that has some."""
        del parents, forecast, best
        archs, scores = self._get_results()
        archs, scores = archs[-self.population_size :], scores[-self.population_size :]
        entrants = self._rng.permutation(len(archs))[: self.tournament_size]
        for entrant in entrants[np.argsort(-scores[entrants], kind="stable")]:
            around, _ = self._space.neighbors(archs[[entrant]])
            if len(fresh := self._seen.filter_unseen(around)):
                return fresh
        return draw_unseen(self._space, self._seen, self.batch, self._rng)
