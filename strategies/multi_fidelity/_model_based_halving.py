"""Asynchronous halving whose new trials are proposed by a predictor of the results on one rung."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasbench.acquisitions import check_acquisition, weigh
from nasbench.arrays import Archs, Floats
from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least
from nasbench.strategies._online_predictor import Forecast, Model, predictor_for_search
from nasbench.strategies._pools import POOLS, Ground, Novelties, check_pool
from nasbench.strategies.multi_fidelity._asynchronous import AsynchronousHalving


@dataclass(frozen=True, kw_only=True)
class Proposing:
    """What decides the proposals.

    Attributes:
        predictor: label of a predictor that needs architectures only.
        acquisition: label of one of ``nasbench.acquisitions``, or ``module:Class``.
        pool: one of ``POOLS``.
        pool_size: candidates in a pool, unless it is the whole space.
        n_init: results that a rung must have before it is learnt from.
        refit_every: results between two fits.
    """

    predictor: "str | type | Choice"
    acquisition: str
    pool: str
    pool_size: int
    n_init: int
    refit_every: int

    def __post_init__(self) -> None:
        """Refuse unknown names and sizes below 1."""
        check_acquisition(self.acquisition)
        check_pool(self.pool)
        check_at_least(1, pool_size=self.pool_size, refit_every=self.refit_every)
        check_at_least(2, n_init=self.n_init)


class Level:
    """The results at one epoch; crashed ones are left out."""

    def __init__(self, n_decisions: int) -> None:
        self._archs: list[Archs] = []
        self._scores: list[float] = []
        self._n_decisions = n_decisions

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._scores)

    def add(self, arch: Archs, score: float) -> None:
        """Take a result; ``-inf`` for a crash."""
        if np.isfinite(score):
            self._archs.append(arch)
            self._scores.append(score)

    @property
    def archs(self) -> Archs:
        """[n, d] architectures."""
        return np.array(self._archs, dtype=np.int8).reshape(-1, self._n_decisions)

    @property
    def scores(self) -> Floats:
        """[n] scores."""
        return np.array(self._scores)


class ModelBasedHalving(AsynchronousHalving):
    """Propose what a predictor of the highest rung with enough results likes best; random ones until there is one.

    An architecture is not drawn twice while others are left.

    Args:
        space: where to search.
        rng: decides everything.
        brackets: rungs of each bracket; the first has all of them.
        shares: how many new trials each bracket gets in turn.
        eta: the best of as many go on.
        kind: ``promotion`` or ``stopping``.
        proposing: what decides the proposals.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        brackets: Sequence[Sequence[int]],
        shares: Sequence[int],
        eta: float,
        kind: str,
        proposing: Proposing,
    ) -> None:
        super().__init__(space, rng, brackets=brackets, shares=shares, eta=eta, kind=kind)
        predictor_for_search(space, proposing.predictor)  # refuses its options now, not in the middle of a search
        self._proposing, self._novelties = proposing, Novelties(space, rng)
        self._levels = {epoch: Level(len(space.decisions)) for epoch in brackets[0]}
        self._models: dict[int, Model] = {}

    def _learn(self, arch: Archs, epoch: int, score: float) -> None:
        self._levels[epoch].add(arch, score)

    def _highest(self) -> int | None:
        """Return the highest epoch with enough results; None without any."""
        enough = [epoch for epoch, level in self._levels.items() if len(level) >= self._proposing.n_init]
        return enough[-1] if enough else None

    def _draw(self, n: int) -> Archs:
        proposed = self._proposed(n)
        self._novelties.seen.add(proposed)
        return np.concatenate([proposed, self._novelties.draw(n - len(proposed))])

    def _proposed(self, n: int) -> Archs:
        """Return up to ``n`` architectures that the predictor likes best."""
        epoch = self._highest()
        nothing = np.empty((0, len(self._space.decisions)), dtype=np.int8)
        if epoch is None:
            return nothing
        forecast = self._forecast(epoch)
        if forecast is None:
            return nothing
        level, settings = self._levels[epoch], self._proposing
        scores = level.scores
        best = float(scores.max())

        def worth(archs: Archs) -> Floats:
            return weigh(settings.acquisition, forecast(archs), best=best, kappa=1.0, rng=self._rng)

        parents = level.archs[np.argsort(-scores, kind="stable")]
        pool = POOLS[settings.pool](
            Ground(self._space, self._novelties.seen, parents, worth, self._rng), settings.pool_size
        )
        return pool[np.argsort(-worth(pool), kind="stable")[:n]] if len(pool) else nothing

    def _forecast(self, epoch: int) -> Forecast | None:
        """Return what is expected of architectures at an epoch; None where nothing can be learnt."""
        level, settings = self._levels[epoch], self._proposing
        if epoch not in self._models:
            self._models[epoch] = Model(self._space, settings.predictor, refit_every=settings.refit_every)
        model = self._models[epoch]
        if not model.learn(level.archs, level.scores, self._rng):
            return None
        return model.forecast(level.archs[:0])
