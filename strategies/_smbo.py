"""Sequential model-based optimisation: fit a predictor, maximise an acquisition over a pool of candidates, repeat."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from nasbench.acquisitions import check_acquisition, is_drawn_anew, log_local_penalty, log_positive, weigh
from nasbench.arrays import Archs, Floats, Ints
from nasbench.options import Count, NotNegative
from nasbench.predictions import Prediction
from nasbench.spaces import SearchSpace
from nasbench.strategies._configured import Label
from nasbench.strategies._online_predictor import Forecast, OnlinePredictor
from nasbench.strategies._pools import POOLS, PoolContext, check_pool
from nasbench.strategies._sequential import SequentialSearch
from nasbench.strategies._sources import list_predictor_sources

Batching = Literal["top", "believer", "penalty"]
Incumbent = Literal["observed", "expected"]

_SHORTLIST = 1000  # candidates of a whole space that are kept until the next fit
_PAIRS = 100  # candidates from whose pairs the steepness of the score is estimated


@dataclass(kw_only=True, eq=False)
class ModelBasedSearch(SequentialSearch):
    """Fit a predictor, ask for the candidates with the largest acquisition values, and repeat.

    Attributes:
        predictor: label of a predictor, with a standard deviation unless the acquisition is ``exploit``.
        acquisition: ``ei``, ``log_ei``, ``pi``, ``ucb``, ``randomized_ucb``, ``thompson``, ``its``, ``exploit``, or
            ``module:Class``.
        kappa: standard deviations that ``ucb`` adds to the mean, and ``randomized_ucb`` on average.
        pool: how candidates are made: ``whole``, ``mutation``, ``half``, ``random``, ``evolution`` or ``local``.
        pool_size: number of candidates in a pool, unless it is the whole space.
        batching: ``top`` takes the best of the pool; ``believer`` assumes that pending trials score their predictions;
            ``penalty`` reduces the acquisition near pending trials.
        refit_every: results between two fits of the predictor.
        incumbent: baseline of improvement: the best score ``observed``, or the best prediction (``expected``) for a
            trained architecture, which noise inflates less.

    Raises:
        UnknownName: an unknown predictor, acquisition or pool.
    """

    predictor: Label
    acquisition: str
    pool: str
    pool_size: Count = 100
    kappa: NotNegative = field(default=1.0, init=False)
    batching: Batching = field(default="top", init=False)
    refit_every: Count = field(default=1, init=False)
    incumbent: Incumbent = field(default="observed", init=False)

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Check the names, and make the predictor."""
        super().__post_init__(space, rng)
        check_acquisition(self.acquisition)
        check_pool(self.pool)
        self._model = OnlinePredictor(space, self._choose_predictor(), refit_every=self.refit_every)
        self._shortlist: tuple[int, Archs] = (0, self._queue)  # number of results in its fit, and its candidates

    def _choose_predictor(self) -> Label:
        """Return the predictor that learns from this search: the option, unless a sub-class overrides this."""
        return self.predictor

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return the other tasks that the predictor learns from when ``task`` is searched."""
        return list_predictor_sources(task, options)

    def _propose(self, n: int) -> Archs:
        archs, scores = self._get_results()
        if not self._model.learn(archs, self._make_targets(scores), self._rng):
            return archs[:0]
        pending = self._get_pending()
        forecast = self._model.forecast(pending if self.batching == "believer" else pending[:0])
        best = float(scores.max())
        if self.incumbent == "expected":
            best = float(forecast(archs).mean.max())
        pool = self._make_pool(archs[np.argsort(-scores, kind="stable")], forecast, best)
        return self._choose(pool, n, forecast, best)

    def _make_targets(self, scores: Floats) -> Floats:
        """Return the targets of the predictor for scores [n]."""
        return scores

    def _compute_acquisition(self, prediction: Prediction, best: float) -> Floats:
        return weigh(self.acquisition, prediction, best=best, kappa=self.kappa, rng=self._rng)

    def _make_pool(self, parents: Archs, forecast: Forecast, best: float) -> Archs:
        """Return candidates; of a whole space, all of them after a fit, and only the best until the next fit."""
        fit, listed = self._shortlist
        if self.pool == "whole" and fit == self._model.fitted_at and len(listed := self._seen.filter_unseen(listed)):
            return listed
        context = PoolContext(
            self._space, self._seen, parents, lambda archs: self._compute_acquisition(forecast(archs), best), self._rng
        )
        pool = POOLS[self.pool](context, self.pool_size)
        if self.pool == "whole" and len(pool) > _SHORTLIST:
            pool = pool[_find_largest(context.acquisition(pool), _SHORTLIST)]
            self._shortlist = (self._model.fitted_at, pool)
        return pool

    def _choose(self, pool: Archs, n: int, forecast: Forecast, best: float) -> Archs:
        if not len(pool):
            return pool
        if self.batching == "top" and not is_drawn_anew(self.acquisition):
            return pool[_find_largest(self._compute_acquisition(forecast(pool), best), n)]
        chosen = pool[:0]
        while len(chosen) < n and len(pool):
            if len(chosen) and self.batching == "believer":
                forecast = self._model.forecast(np.concatenate([self._get_pending(), chosen]))
            prediction = forecast(pool)
            values = self._compute_acquisition(prediction, best)
            if self.batching == "penalty":
                beside = np.concatenate([self._get_pending(), chosen])
                values = log_positive(self.acquisition, values) + self._compute_penalty(pool, beside, forecast, best)
            first = int(np.argmax(values))
            chosen = np.concatenate([chosen, pool[[first]]])
            pool = np.delete(pool, first, axis=0)
        return chosen

    def _compute_penalty(self, pool: Archs, beside: Archs, forecast: Forecast, best: float) -> Floats:
        if not len(beside):
            return np.zeros(len(pool))
        at = forecast(beside)
        std = np.full(len(beside), 1e-9) if at.std is None else at.std
        some = pool[:_PAIRS]
        return log_local_penalty(
            _count_differences(pool, beside),
            steepness=_estimate_steepness(some, forecast(some).mean),
            lead=best - at.mean,
            std=std,
        )


def _find_largest(values: Floats, n: int) -> Ints:
    """Return the positions of the ``n`` largest values, the largest first; ties go to the earlier one."""
    return np.argsort(-values, kind="stable")[:n]


def _count_differences(a: Archs, b: Archs) -> Floats:
    """Return the number of decisions in which the rows of [m, d] and [p, d] differ; ``[m, p]``."""
    different: Floats = (a[:, None] != b[None]).sum(axis=2).astype(np.float64)
    return different


def _estimate_steepness(archs: Archs, mean: Floats) -> float:
    """Return the largest change of the mean per decision, among pairs of [m, d]."""
    distance = np.maximum(_count_differences(archs, archs), 1.0)
    return max(float((np.abs(mean[:, None] - mean[None]) / distance).max()), 1e-12)
