"""Sequential model-based optimisation: a predictor, an acquisition, and a pool of candidates it is maximised over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench.acquisitions import check_acquisition, is_drawn_anew, log_local_penalty, log_positive, weigh
from nasbench.arrays import Archs, Floats, Ints
from nasbench.choices import Choice
from nasbench.errors import unknown_name
from nasbench.predictions import Prediction
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least
from nasbench.strategies._online_predictor import Forecast, Model
from nasbench.strategies._pools import POOLS, Ground, check_pool
from nasbench.strategies._sequential import SequentialSearch
from nasbench.strategies._sources import predictor_sources

_BATCHINGS = ("top", "believer", "penalty")
_INCUMBENTS = ("observed", "expected")
_SHORTLIST = 1000  # of a whole space, looked at until the next fit
_PAIRS = 100  # candidates whose differences tell how steep the score is


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What decides a model-based search.

    Attributes:
        predictor: label of the predictor.
        acquisition: label of one of ``nasbench.acquisitions``, or ``module:Class``.
        kappa: standard deviations that ``ucb`` adds, and ``randomized_ucb`` on average.
        pool: one of ``POOLS``.
        pool_size: candidates in a pool, unless it is the whole space.
        n_init: random architectures at the start.
        batch: proposals made from the same results.
        batching: ``top`` takes the best of the pool; ``believer`` adds the belief that what is pending scores what is
            expected of it; ``penalty`` makes the surroundings of what is pending unattractive.
        refit_every: results between two fits of the predictor.
        incumbent: what improvement is counted from: the best score ``observed``, or the best one ``expected`` of the
            architectures that were trained, which noise flatters less.
    """

    predictor: "str | type | Choice"
    acquisition: str
    pool: str
    n_init: int
    kappa: float = 1.0
    pool_size: int = 100
    batch: int = 1
    batching: str = "top"
    refit_every: int = 1
    incumbent: str = "observed"

    def __post_init__(self) -> None:
        """Refuse unknown names and sizes below 1."""
        check_acquisition(self.acquisition)
        check_pool(self.pool)
        if self.batching not in _BATCHINGS:
            raise unknown_name("batching", self.batching, _BATCHINGS)
        if self.incumbent not in _INCUMBENTS:
            raise unknown_name("incumbent", self.incumbent, _INCUMBENTS)
        check_at_least(1, pool_size=self.pool_size)
        check_at_least(0, kappa=self.kappa)


class ModelBasedSearch(SequentialSearch):
    """Fit a predictor, ask what its acquisition likes best, and again.

    Args:
        space: where to search.
        rng: decides everything.
        settings: of the search.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator, settings: Settings) -> None:
        super().__init__(space, rng, n_init=settings.n_init, batch=settings.batch)
        self._settings = settings
        self._model = Model(space, settings.predictor, refit_every=settings.refit_every)
        self._shortlist: tuple[int, Archs] = (0, self._queue)  # the fit it was made after, and what is on it

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return the other tasks that the predictor learns from when ``task`` is searched."""
        return predictor_sources(task, options)

    def _propose(self, n: int) -> Archs:
        archs, scores = self._learnt()
        if not self._model.learn(archs, self._targets(scores), self._rng):
            return archs[:0]
        pending = self._pending()
        forecast = self._model.forecast(pending if self._settings.batching == "believer" else pending[:0])
        best = float(scores.max())
        if self._settings.incumbent == "expected":
            best = float(forecast(archs).mean.max())
        pool = self._pool(archs[np.argsort(-scores, kind="stable")], forecast, best)
        return self._chosen(pool, n, forecast, best)

    def _targets(self, scores: Floats) -> Floats:
        """Return what the predictor is to learn in place of scores [n]."""
        return scores

    def _worth(self, prediction: Prediction, best: float) -> Floats:
        settings = self._settings
        return weigh(settings.acquisition, prediction, best=best, kappa=settings.kappa, rng=self._rng)

    def _pool(self, parents: Archs, forecast: Forecast, best: float) -> Archs:
        """Return candidates; of a whole space, all after a fit and until the next one only the best of them."""
        settings = self._settings
        fit, listed = self._shortlist
        if settings.pool == "whole" and fit == self._model.fitted_at and len(listed := self._seen.fresh(listed)):
            return listed
        ground = Ground(self._space, self._seen, parents, lambda archs: self._worth(forecast(archs), best), self._rng)
        pool = POOLS[settings.pool](ground, settings.pool_size)
        if settings.pool == "whole" and len(pool) > _SHORTLIST:
            pool = pool[_largest(ground.worth(pool), _SHORTLIST)]
            self._shortlist = (self._model.fitted_at, pool)
        return pool

    def _chosen(self, pool: Archs, n: int, forecast: Forecast, best: float) -> Archs:
        settings = self._settings
        if not len(pool):
            return pool
        if settings.batching == "top" and not is_drawn_anew(settings.acquisition):
            return pool[_largest(self._worth(forecast(pool), best), n)]
        chosen = pool[:0]
        while len(chosen) < n and len(pool):
            if len(chosen) and settings.batching == "believer":
                forecast = self._model.forecast(np.concatenate([self._pending(), chosen]))
            prediction = forecast(pool)
            worth = self._worth(prediction, best)
            if settings.batching == "penalty":
                beside = np.concatenate([self._pending(), chosen])
                worth = log_positive(settings.acquisition, worth) + self._penalty(pool, beside, forecast, best)
            first = int(np.argmax(worth))
            chosen = np.concatenate([chosen, pool[[first]]])
            pool = np.delete(pool, first, axis=0)
        return chosen

    def _penalty(self, pool: Archs, beside: Archs, forecast: Forecast, best: float) -> Floats:
        if not len(beside):
            return np.zeros(len(pool))
        at = forecast(beside)
        std = np.full(len(beside), 1e-9) if at.std is None else at.std
        some = pool[:_PAIRS]
        return log_local_penalty(
            _differences(pool, beside),
            steepness=_steepness(some, forecast(some).mean),
            lead=best - at.mean,
            std=std,
        )


def _largest(worth: Floats, n: int) -> Ints:
    """Return the places of the ``n`` largest, the largest first; of equals the earlier one."""
    return np.argsort(-worth, kind="stable")[:n]


def _differences(a: Archs, b: Archs) -> Floats:
    """Return in how many decisions the rows of [m, d] and [p, d] differ; ``[m, p]``."""
    different: Floats = (a[:, None] != b[None]).sum(axis=2).astype(np.float64)
    return different


def _steepness(archs: Archs, mean: Floats) -> float:
    """Return the largest change of the mean for a decision, among pairs of [m, d]."""
    distance = np.maximum(_differences(archs, archs), 1.0)
    return max(float((np.abs(mean[:, None] - mean[None]) / distance).max()), 1e-12)
