"""Hyper-Tune: asynchronous brackets, chosen by how well their rungs rank the last one, and an ensemble over rungs.

Source: Li, Shen, Jiang, Zhang, Li, Liu, Zhang & Cui 2022, "Hyper-Tune: Towards Efficient Hyper-parameter Tuning at
Scale" (arXiv 2201.06834), three parts of it. Resource allocation: a new trial begins in bracket i with probability
proportional to ``theta_i / r_i``. Here ``theta_i`` is the share of bootstrap samples in which the model of rung i is
the best at ranking the results of the highest rung with a model, and ``r_i`` is the epoch of rung i. Until the last
rung has ``n_init`` results, brackets take turns. Scheduling: D-ASHA, which promotes from a rung only while it holds
``eta`` times as many trials as the next one would. Optimisation: the prediction is the weighted sum of the models of
all rungs, with the weights ``theta``. ``eta`` is 3.

Differences: weights, ensemble and scaling between rungs are those of ``rgpe``, with the lower rungs as its sources. The
pool and the predictor are those of ``mobster``, and running trials are not imagined as finished.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nasbench.arrays import Archs
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.strategies._online_predictor import Forecast
from nasbench.strategies._ranking_ensemble import RankingEnsemble, SourceModel
from nasbench.strategies._sources import Known
from nasbench.strategies.multi_fidelity._asynchronous import Kind, Rungs
from nasbench.strategies.multi_fidelity._model_based_halving import ModelBasedHalving, RungResults

REQUIRES = {"gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class HyperTune(ModelBasedHalving):
    """Learnt bracket probabilities, delayed promotions, and an ensemble over rungs."""

    kind: Kind = field(default="promotion", init=False)

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without an ensemble."""
        super().__post_init__(space, rng)
        self._ensemble: RankingEnsemble | None = None
        self._learnt: list[int] = []  # epochs whose models form the ensemble, the target last
        self._n_results = self._fitted_at = 0

    def _make_brackets(self, rungs: tuple[int, ...]) -> tuple[Sequence[Sequence[int]], Sequence[int]]:
        return [rungs[s:] for s in range(len(rungs))], [1] * len(rungs)

    def _promote(self, bracket: Rungs) -> int | None:
        for k in range(len(bracket.reached) - 2, -1, -1):
            delayed = len(bracket.reached[k]) < self.eta * (bracket.begun[k + 1] + 1)
            if not delayed and (trial := bracket.reached[k].promote(self.eta)) is not None:
                return trial
        return None

    def _choose_bracket(self) -> Rungs:
        last = self._brackets[0].epochs[-1]
        if self._ensemble is None or self._learnt[-1] != last:
            return super()._choose_bracket()
        values = np.zeros(len(self._brackets))
        epochs = self._brackets[0].epochs
        for epoch, weight in zip(self._learnt, self._ensemble.weights, strict=True):
            values[epochs.index(epoch)] = weight / max(epoch, 1)
        return self._brackets[int(self._rng.choice(len(values), p=values / values.sum()))]

    def _learn(self, arch: Archs, epoch: int, score: float) -> None:
        super()._learn(arch, epoch, score)
        self._n_results += 1

    def _make_forecast(self, epoch: int) -> Forecast | None:
        target = self._levels[epoch]
        if not _is_informative(target):
            return None
        if self._ensemble is None or self._n_results - self._fitted_at >= self.refit_every:
            below = [one for one in self._levels if one < epoch and _is_informative(self._levels[one])]
            self._learnt, self._fitted_at = [*below, epoch], self._n_results
            sources = [self._make_source_model(one) for one in below]
            self._ensemble = RankingEnsemble(self._space, predictor=self.predictor, sources=sources)
            self._ensemble.fit(Batch(target.archs), target.scores, self._rng)
        ensemble = self._ensemble
        return lambda archs: ensemble.predict(Batch(archs))

    def _make_source_model(self, epoch: int) -> SourceModel:
        level = self._levels[epoch]
        known = Known(f"epoch {epoch}", level.archs, level.scores)
        return SourceModel(self._space, self.predictor, known, self._rng)


def _is_informative(level: RungResults) -> bool:
    """Return whether a model can learn from the results: at least three, not all equal."""
    return len(level) > 2 and bool(np.ptp(level.scores) > 0)
