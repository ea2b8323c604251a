"""Predictive termination: stop a training run whose learning curve is unlikely to exceed the best one.

Source: Domhan, Springenberg & Hutter 2015, "Speeding up Automatic Hyperparameter Optimization of Deep Neural Networks
by Extrapolation of Learning Curves" (IJCAI): a training run ends when the probability that it will exceed the best
complete one is at most 5 %. Architectures are random. Any predictor of learning curves with a standard deviation can
extrapolate them. The default is ``freeze_thaw``, which learns from earlier curves and is fast; the original's posterior
of eleven families (preset ``domhan``) is slow. Adriaensen et al. 2023 (arXiv 2310.20447) use the same rule with
``lc_pfn``, a preset too, and report that it does badly on NAS-Bench-201.

Differences: a training run is validated ten times on its way, and not stopped before ``n_init`` others are complete.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import ndtr

from nasbench.options import Count, Decay, FromTwo
from nasbench.spaces import SearchSpace
from nasbench.strategies._configured import Label
from nasbench.strategies.multi_fidelity._curve_model import CurveModel, select_checkpoints
from nasbench.strategies.multi_fidelity._early_stopping import ObservedTraining, StepwiseSearch


@dataclass(kw_only=True, eq=False)
class PredictiveTermination(StepwiseSearch):
    """Random search that stops training runs unlikely to be the best.

    Attributes:
        predictor: label of a predictor of learning curves with a standard deviation.
        threshold: a training run ends when its probability of being the best is at most this.
        n_looks: number of epochs at which a training run is validated.
        n_init: complete training runs before any is stopped.
        refit_every: complete training runs between two fits, of a predictor that learns from them.

    Raises:
        InvalidOption: a predictor that does not learn from curves alone, or has no standard deviation.
        UnknownName: no such predictor.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "domhan": {"predictor": "domhan"},
        "lc_pfn": {"predictor": "lc_pfn"},
    }
    requires_fidelities: ClassVar[bool] = True

    predictor: Label = "freeze_thaw"
    threshold: Decay = 0.05
    n_looks: Count = 10
    n_init: FromTwo = 2
    refit_every: Count = 10

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Make the predictor."""
        super().__post_init__(space, rng)
        steps = self._select_steps() or (1,)
        self._model = CurveModel(space, self.predictor, steps=steps, refit_every=self.refit_every)
        self._complete: list[ObservedTraining] = []
        self._best = -np.inf

    def _select_steps(self) -> tuple[int, ...]:
        return select_checkpoints(self.epochs, self.n_looks)

    def _should_continue(self, training: ObservedTraining) -> bool:
        if len(self._complete) < self.n_init:
            return True
        archs = np.array([one.arch for one in self._complete])
        self._model.learn(archs, [one.curve for one in self._complete], self._rng)
        predicted = self._model.predict(training.arch[None], [training.curve])
        if predicted is None:
            return True
        chance = ndtr((predicted.mean - self._best) / self._model.require_std(predicted))
        return bool(chance[0] > self.threshold)

    def _learn_from(self, training: ObservedTraining, *, complete: bool) -> None:
        if complete and np.isfinite(training.curve[-1]):
            self._complete.append(training)
            self._best = max(self._best, training.curve[-1])
            self._model.notify()
