"""Asynchronous halving in which a predictor, fitted to the results of one rung, proposes new trials."""

from dataclasses import dataclass

import numpy as np

from nasbench.acquisitions import check_acquisition, weigh
from nasbench.arrays import Archs, Floats
from nasbench.options import Count, FromTwo
from nasbench.spaces import SearchSpace
from nasbench.strategies._configured import Label
from nasbench.strategies._online_predictor import Forecast, OnlinePredictor, make_search_predictor
from nasbench.strategies._pools import POOLS, NovelSampler, PoolContext, check_pool
from nasbench.strategies.multi_fidelity._asynchronous import AsynchronousHalving


class RungResults:
    """The results at one epoch; crashed ones are left out."""

    def __init__(self, space: SearchSpace) -> None:
        self._archs: list[Archs] = []
        self._scores: list[float] = []
        self._space = space

    def __len__(self) -> int:
        """Return the number of results."""
        return len(self._scores)

    def add(self, arch: Archs, score: float) -> None:
        """Add a result; ``-inf`` stands for a crash and is ignored."""
        if np.isfinite(score):
            self._archs.append(arch)
            self._scores.append(score)

    @property
    def archs(self) -> Archs:
        """[n, d] architectures."""
        return np.array(self._archs, dtype=self._space.dtype).reshape(-1, self._space.width)

    @property
    def scores(self) -> Floats:
        """[n] scores."""
        return np.array(self._scores)


@dataclass(kw_only=True, eq=False)
class ModelBasedHalving(AsynchronousHalving):
    """Propose the best candidates by a predictor of the highest rung with enough results; before that, random ones.

    An architecture is not drawn twice while others are left.

    Attributes:
        predictor: label of a predictor with a standard deviation; each rung has its own.
        acquisition: as in ``bayesian_optimization``.
        pool: as there.
        pool_size: candidates in a pool, unless it is the whole space.
        n_init: results that a rung must have before a predictor is fitted to it.
        refit_every: results between two fits.

    Raises:
        UnknownName: an unknown predictor, acquisition or pool.
    """

    predictor: Label = "functional_gp"
    acquisition: str = "log_ei"
    pool: str = "half"
    pool_size: Count = 200
    n_init: FromTwo = 6
    refit_every: Count = 10

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Refuse unknown names now, not in the middle of a search."""
        super().__post_init__(space, rng)
        check_acquisition(self.acquisition)
        check_pool(self.pool)
        make_search_predictor(space, self.predictor)
        self._novelties = NovelSampler(space, rng)
        self._levels = {epoch: RungResults(space) for epoch in self._brackets[0].epochs}
        self._models: dict[int, OnlinePredictor] = {}

    def _learn(self, arch: Archs, epoch: int, score: float) -> None:
        self._levels[epoch].add(arch, score)

    def _find_highest(self) -> int | None:
        """Return the highest epoch with enough results; None without any."""
        enough = [epoch for epoch, level in self._levels.items() if len(level) >= self.n_init]
        return enough[-1] if enough else None

    def _draw(self, n: int) -> Archs:
        proposed = self._propose(n)
        self._novelties.seen.add(proposed)
        return np.concatenate([proposed, self._novelties.draw(n - len(proposed))])

    def _propose(self, n: int) -> Archs:
        """Return up to ``n`` architectures with the largest acquisition values."""
        epoch = self._find_highest()
        nothing = self._space.no_archs
        if epoch is None:
            return nothing
        forecast = self._make_forecast(epoch)
        if forecast is None:
            return nothing
        level = self._levels[epoch]
        scores = level.scores
        best = float(scores.max())

        def acquisition(archs: Archs) -> Floats:
            return weigh(self.acquisition, forecast(archs), best=best, kappa=1.0, rng=self._rng)

        parents = level.archs[np.argsort(-scores, kind="stable")]
        pool = POOLS[self.pool](
            PoolContext(self._space, self._novelties.seen, parents, acquisition, self._rng), self.pool_size
        )
        return pool[np.argsort(-acquisition(pool), kind="stable")[:n]] if len(pool) else nothing

    def _make_forecast(self, epoch: int) -> Forecast | None:
        """Return the function that predicts scores at an epoch; None where nothing can be learnt."""
        level = self._levels[epoch]
        if epoch not in self._models:
            self._models[epoch] = OnlinePredictor(self._space, self.predictor, refit_every=self.refit_every)
        model = self._models[epoch]
        if not model.learn(level.archs, level.scores, self._rng):
            return None
        return model.forecast(level.archs[:0])
