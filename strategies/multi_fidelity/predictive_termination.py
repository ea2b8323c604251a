"""Predictive termination: end a training that will hardly beat the best one, by what its learning curve foretells.

Source: Domhan, Springenberg & Hutter 2015, "Speeding up Automatic Hyperparameter Optimization of Deep Neural Networks
by Extrapolation of Learning Curves" (IJCAI): a training ends when the probability that it will exceed the best complete
one is at most 5 %. Architectures are random. Any predictor of learning curves with a standard deviation foretells them.
The default is ``freeze_thaw``, which learns from the curves before and takes milliseconds; the original's posterior of
eleven families (preset ``domhan``) takes a second a look. Adriaensen et al. 2023 (arXiv 2310.20447) use the same rule
with ``lc_pfn``, a preset too, and report that it does badly on NAS-Bench-201.

Differences: a training is looked at ten times in its course, and not stopped before ``n_init`` others are complete.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from scipy.special import ndtr

from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least, check_below_one
from nasbench.strategies.multi_fidelity._curve_model import CurveModel, looks
from nasbench.strategies.multi_fidelity._early_stopping import StepwiseSearch, Training


class PredictiveTermination(StepwiseSearch):
    """Random search that ends what will not be the best.

    Args:
        space: where to search.
        rng: draws the architectures, and decides the fits.
        epochs: that the task answers; filled in by a comparison.
        predictor: label of a predictor of learning curves with a standard deviation.
        threshold: a training ends when its chance to be the best is at most this.
        n_looks: at how many epochs it is looked at.
        n_init: complete trainings before any is ended.
        refit_every: complete trainings between two fits, of a predictor that learns from them.

    Raises:
        InvalidOption: numbers outside their range, or a predictor that does not fit.
        UnknownName: no such predictor.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "domhan": {"predictor": "domhan"},
        "lc_pfn": {"predictor": "lc_pfn"},
    }
    requires_fidelities: ClassVar[bool] = True

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: Sequence[int] = (),
        predictor: "str | type | Choice" = "freeze_thaw",
        threshold: float = 0.05,
        n_looks: int = 10,
        n_init: int = 2,
        refit_every: int = 10,
    ) -> None:
        steps = looks(epochs, n_looks)
        super().__init__(space, rng, epochs=steps)
        check_below_one(threshold=threshold)
        check_at_least(2, n_init=n_init)
        self._threshold, self._n_init = threshold, n_init
        self._model = CurveModel(space, predictor, steps=steps or (1,), refit_every=refit_every)
        self._complete: list[Training] = []
        self._best = -np.inf

    def _goes_on(self, training: Training) -> bool:
        if len(self._complete) < self._n_init:
            return True
        archs = np.array([one.arch for one in self._complete])
        self._model.learn(archs, [one.curve for one in self._complete], self._rng)
        told = self._model.expects(training.arch[None], [training.curve])
        if told is None:
            return True
        chance = ndtr((told.mean - self._best) / self._model.surely(told))
        return bool(chance[0] > self._threshold)

    def _ended(self, training: Training, *, complete: bool) -> None:
        if complete and np.isfinite(training.curve[-1]):
            self._complete.append(training)
            self._best = max(self._best, training.curve[-1])
            self._model.saw()
