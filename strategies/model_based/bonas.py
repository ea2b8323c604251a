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
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs
from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least
from nasbench.strategies._online_predictor import Forecast
from nasbench.strategies._pools import random_archs
from nasbench.strategies._smbo import ModelBasedSearch, Settings

REQUIRES = {"torch": "torch"}


class BONAS(ModelBasedSearch):
    """Bayesian optimisation on a learnt embedding.

    Args:
        space: where to search.
        rng: decides everything.
        predictor: label of a predictor with a standard deviation.
        kappa: standard deviations above the mean that count.
        population_size: how many of the youngest may be parents.
        tournament_size: how many of them are drawn.
        n_init: random architectures at the start.
        batch: architectures chosen after one fit.

    Raises:
        InvalidOption: sizes below 1.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"supernet": {"n_init": 100, "batch": 100}}

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        predictor: "str | type | Choice" = "bonas@bayesian",
        kappa: float = 0.5,
        population_size: int = 30,
        tournament_size: int = 10,
        n_init: int = 10,
        batch: int = 5,
    ) -> None:
        check_at_least(1, population_size=population_size, tournament_size=tournament_size)
        settings = Settings(
            predictor=predictor, acquisition="ucb", kappa=kappa, pool="mutation", n_init=n_init, batch=batch
        )
        super().__init__(space, rng, settings)
        self._population_size, self._tournament_size = population_size, tournament_size

    def _pool(self, parents: Archs, forecast: Forecast, best: float) -> Archs:
        """Return the new neighbours of a tournament's winner, or of the next in line that has some."""
        del parents, forecast, best
        archs, scores = self._learnt()
        archs, scores = archs[-self._population_size :], scores[-self._population_size :]
        entrants = self._rng.permutation(len(archs))[: self._tournament_size]
        for entrant in entrants[np.argsort(-scores[entrants], kind="stable")]:
            around, _ = self._space.neighbors(archs[[entrant]])
            if len(fresh := self._seen.fresh(around)):
                return fresh
        return random_archs(self._space, self._seen, self._settings.batch, self._rng)
