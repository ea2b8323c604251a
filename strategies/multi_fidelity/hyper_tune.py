"""Hyper-Tune: asynchronous brackets chosen by what their rungs tell of the last one, and an ensemble over all rungs.

Source: Li, Shen, Jiang, Zhang, Li, Liu, Zhang & Cui 2022, "Hyper-Tune: Towards Efficient Hyper-parameter Tuning at
Scale" (arXiv 2201.06834), three parts of it. Resource allocation: a new trial begins in bracket i with probability
proportional to ``theta_i / r_i``, where ``theta_i`` is the share of bootstrap samples in which the model of rung i
ranks the results of the highest learnt rung best, and ``r_i`` its epochs; until the last rung has ``n_init`` results,
brackets go round. Scheduling: D-ASHA, which promotes from a rung only while it holds ``eta`` times as many trials as
the next one would. Optimising: the prediction is the weighted sum of the models of all rungs, with the weights
``theta``. ``eta`` is 3.

Differences: weights, ensemble and scaling between rungs are those of ``rgpe``, whose sources are here the lower rungs;
a prediction's pool and predictor are as in ``mobster``, and what is running is not imagined as finished.
"""

from collections.abc import Sequence

import numpy as np

from nasbench.arrays import Archs
from nasbench.choices import Choice
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.strategies._online_predictor import Forecast
from nasbench.strategies._ranking_ensemble import RankingEnsemble, SourceModel
from nasbench.strategies._sources import Known
from nasbench.strategies.multi_fidelity._asynchronous import Rungs
from nasbench.strategies.multi_fidelity._model_based_halving import Level, ModelBasedHalving, Proposing
from nasbench.strategies.multi_fidelity._rungs import Ladder

REQUIRES = {"gpytorch": "gp"}


class HyperTune(ModelBasedHalving):
    """Learnt brackets, delayed promotions, and an ensemble.

    Args:
        space: where to search.
        rng: decides everything.
        epochs: that the task answers; filled in by a comparison.
        eta: the best of as many go on, to as many times the epochs.
        min_epoch: the first rung.
        max_epoch: the last one; None for the task's last epoch.
        predictor: label of a predictor with a standard deviation, of each rung.
        acquisition: as in ``bayesian_optimization``.
        pool: as there.
        pool_size: candidates in a pool, unless it is the whole space.
        n_init: results that a rung must have before it is learnt from.
        refit_every: results between two fits.

    Raises:
        InvalidOption: numbers outside their range, or epochs that do not fit each other.
        UnknownName: no such predictor, acquisition or pool.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: Sequence[int] = (),
        eta: float = 3,
        min_epoch: int = 1,
        max_epoch: int | None = None,
        predictor: "str | type | Choice" = "functional_gp",
        acquisition: str = "log_ei",
        pool: str = "half",
        pool_size: int = 200,
        n_init: int = 6,
        refit_every: int = 10,
    ) -> None:
        rungs = Ladder(epochs, eta=eta, min_epoch=min_epoch, max_epoch=max_epoch).upwards()
        proposing = Proposing(
            predictor=predictor,
            acquisition=acquisition,
            pool=pool,
            pool_size=pool_size,
            n_init=n_init,
            refit_every=refit_every,
        )
        brackets = [rungs[s:] for s in range(len(rungs))]
        shares = [1] * len(rungs)
        super().__init__(space, rng, brackets=brackets, shares=shares, eta=eta, kind="promotion", proposing=proposing)
        self._ensemble: RankingEnsemble | None = None
        self._learnt: list[int] = []  # epochs whose models the ensemble joins, the target last
        self._n_results = self._fitted_at = 0

    def _promoted(self, bracket: Rungs) -> int | None:
        for k in range(len(bracket.reached) - 2, -1, -1):
            delayed = len(bracket.reached[k]) < self._eta * (bracket.begun[k + 1] + 1)
            if not delayed and (trial := bracket.reached[k].promoted(self._eta)) is not None:
                return trial
        return None

    def _next_bracket(self) -> Rungs:
        last = self._brackets[0].epochs[-1]
        if self._ensemble is None or self._learnt[-1] != last:
            return super()._next_bracket()
        worth = np.zeros(len(self._brackets))
        epochs = self._brackets[0].epochs
        for epoch, weight in zip(self._learnt, self._ensemble.weights, strict=True):
            worth[epochs.index(epoch)] = weight / max(epoch, 1)
        return self._brackets[int(self._rng.choice(len(worth), p=worth / worth.sum()))]

    def _learn(self, arch: Archs, epoch: int, score: float) -> None:
        super()._learn(arch, epoch, score)
        self._n_results += 1

    def _forecast(self, epoch: int) -> Forecast | None:
        target = self._levels[epoch]
        if not _tells(target):
            return None
        if self._ensemble is None or self._n_results - self._fitted_at >= self._proposing.refit_every:
            below = [one for one in self._levels if one < epoch and _tells(self._levels[one])]
            self._learnt, self._fitted_at = [*below, epoch], self._n_results
            sources = [self._model_of(one) for one in below]
            self._ensemble = RankingEnsemble(self._space, predictor=self._proposing.predictor, sources=sources)
            self._ensemble.fit(Batch(target.archs), target.scores, self._rng)
        ensemble = self._ensemble
        return lambda archs: ensemble.predict(Batch(archs))

    def _model_of(self, epoch: int) -> SourceModel:
        level = self._levels[epoch]
        known = Known(f"epoch {epoch}", level.archs, level.scores)
        return SourceModel(self._space, self._proposing.predictor, known, self._rng)


def _tells(level: Level) -> bool:
    """Tell whether results can be learnt from: three at least, not all equal."""
    return len(level) > 2 and bool(np.ptp(level.scores) > 0)
