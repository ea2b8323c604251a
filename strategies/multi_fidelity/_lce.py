"""Learning-curve extrapolation: complete only the training runs with the most promising curves, and predict the others.

Source: Yan, White, Savani & Hutter 2021, "NAS-Bench-x11 and the Power of Learning Curves" (arXiv 2111.03602), Algorithm
2. The architectures that a search proposes are trained for a few epochs, a predictor extrapolates each curve to its
end, and the best of them are trained completely. The first proposals are all trained completely, so that the predictor
has something to learn from.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nasbench.arrays import Archs, freeze_array
from nasbench.errors import SearchFinished
from nasbench.options import Count, FromTwo, OpenShare
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least
from nasbench.strategies._configured import ConfiguredStrategy, Label
from nasbench.strategies.multi_fidelity._brackets import make_trials
from nasbench.strategies.multi_fidelity._curve_model import CurveModel, select_checkpoints
from nasbench.strategies.multi_fidelity._early_stopping import ObservedTraining
from nasbench.trials import FULL_TRAINING, Results, Strategy, Trials


@dataclass(kw_only=True, eq=False)
class ExtrapolatingSearch(ConfiguredStrategy, ABC):
    """Train what another strategy proposes, much of it only partially. Sub-classes make that strategy.

    That strategy gets the predicted scores of training runs that are not completed, so that it does not propose them
    again and they age as any other. It gets crashed training runs as crashes.

    Attributes:
        epochs: the task's epochs, rising; filled in by a comparison. If empty, training runs are always complete.
        predictor: label of a predictor of learning curves.
        share: share of a training run after which its final score is predicted.
        n_init: training runs at the start that are always completed.
        round_size: training runs whose predictions are compared with each other.
        kept: number of them that are completed.
        n_looks: number of epochs at which a training run is validated, up to its end.
        refit_every: complete training runs between two fits.

    Raises:
        InvalidOption: a predictor that does not learn from curves alone, or ``round_size`` below ``kept``.
        UnknownName: no such predictor.
    """

    epochs: Sequence[int] = ()
    predictor: Label = "curve_svr"
    share: OpenShare = 0.2
    n_init: FromTwo = 20
    round_size: Count = 10
    kept: Count = 5
    n_looks: Count = field(default=20, init=False)
    refit_every: Count = field(default=10, init=False)

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Make the strategy that proposes, and the predictor."""
        super().__post_init__(space, rng)
        check_at_least(self.kept, round_size=self.round_size)
        self._inner = self._make_inner()
        steps = select_checkpoints(self.epochs, self.n_looks)
        self._steps = steps or (FULL_TRAINING,)
        self._first = max(1, sum(step <= self.share * self._steps[-1] for step in self._steps))
        self._model = CurveModel(space, self.predictor, steps=steps or (1,), refit_every=self.refit_every)
        self._trainings: dict[int, ObservedTraining] = {}
        self._to_resume: deque[int] = deque()
        self._compared: list[int] = []  # trials of the round that wait for the others
        self._complete: list[ObservedTraining] = []

    @abstractmethod
    def _make_inner(self) -> Strategy:
        """Return the strategy that proposes architectures."""

    def ask(self, n: int) -> Trials:
        """Return training runs to resume, then what the inner strategy proposes.

        Raises:
            SearchFinished: the inner strategy has nothing left, and no training run continues.
        """
        asked: list[tuple[int, Archs, int]] = []
        while self._to_resume and len(asked) < n:
            trial = self._to_resume.popleft()
            training = self._trainings[trial]
            asked.append((trial, training.arch, self._steps[len(training.curve)]))
        try:
            proposed = self._inner.ask(n - len(asked)) if len(asked) < n else None
        except SearchFinished:
            self._decide()  # the last round may be smaller than the others
            if asked or self._to_resume:
                return make_trials(asked, self._space) if asked else self.ask(n)
            raise
        if proposed is not None:
            archs = freeze_array(proposed.arch)  # the inner strategy may fill its array again
            for trial, arch in zip(proposed.id.tolist(), archs, strict=True):
                self._trainings[trial] = ObservedTraining(arch)
                asked.append((trial, arch, self._steps[0]))
            if not asked and self._compared:  # it waits for results that wait for a full round
                self._decide()
                return self.ask(n)
        return make_trials(asked, self._space)

    def tell(self, results: Results) -> None:
        """Store the scores; complete the most promising training runs of a round, and predict the rest."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            training = self._trainings[trial]
            training.curve.append(score)
            if np.isnan(score) or len(training.curve) == len(self._steps):
                self._finish(trial, score)
            elif len(training.curve) == self._first and len(self._complete) >= self.n_init:
                self._compared.append(trial)
            else:
                self._to_resume.append(trial)
        if len(self._compared) >= self.round_size:
            self._decide()

    def _decide(self) -> None:
        """Complete the best of the round, and tell the inner strategy the predicted scores of the others."""
        trials, self._compared = self._compared, []
        if not trials:
            return
        self._model.learn(
            np.array([one.arch for one in self._complete]), [one.curve for one in self._complete], self._rng
        )
        predicted = self._model.predict(
            np.array([self._trainings[trial].arch for trial in trials]),
            [self._trainings[trial].curve for trial in trials],
        )
        if predicted is None:  # nothing to learn from: all of them continue
            self._to_resume.extend(trials)
            return
        order = np.argsort(-predicted.mean, kind="stable").tolist()
        for place, i in enumerate(order):
            if place < self.kept:
                self._to_resume.append(trials[i])
            else:
                self._finish(trials[i], float(predicted.mean[i]))

    def _finish(self, trial: int, score: float) -> None:
        """Tell the inner strategy the score of a training run that ended."""
        training = self._trainings.pop(trial)
        if len(training.curve) == len(self._steps) and not np.isnan(score):
            self._complete.append(training)
            self._model.notify()
        spent = np.array([0.0])
        self._inner.tell(Results(np.array([trial]), np.array([self._steps[-1]]), np.array([[score]]), spent))
