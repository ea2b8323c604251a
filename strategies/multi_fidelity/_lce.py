"""Any search of complete trainings, given only those that a learning curve makes look good: the rest is foretold.

Source: Yan, White, Savani & Hutter 2021, "NAS-Bench-x11 and the Power of Learning Curves" (arXiv 2111.03602),
Algorithm 2: what a search proposes is trained for few epochs, the end of each curve is predicted, and the best of them
are trained completely. The first proposals are all trained completely, so that there is something to learn from.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasbench.arrays import Archs, freeze
from nasbench.choices import Choice
from nasbench.errors import SearchFinished
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least, check_between
from nasbench.strategies.multi_fidelity._brackets import as_trials
from nasbench.strategies.multi_fidelity._curve_model import CurveModel, looks
from nasbench.strategies.multi_fidelity._early_stopping import Training
from nasbench.trials import FULL_TRAINING, Results, Strategy, Trials


@dataclass(frozen=True, kw_only=True)
class Extrapolation:
    """What decides which trainings are completed.

    Attributes:
        predictor: label of a predictor of learning curves.
        share: of a training, after which its end is predicted.
        n_init: trainings that are completed in any case, at first.
        round_size: trainings whose predictions are compared with each other.
        kept: how many of them are completed.
        n_looks: at how many epochs a training is looked at up to its end.
        refit_every: complete trainings between two fits.
    """

    predictor: "str | type | Choice"
    share: float
    n_init: int
    round_size: int
    kept: int
    n_looks: int
    refit_every: int

    def __post_init__(self) -> None:
        """Refuse numbers outside their range."""
        check_between(0, 1, share=self.share)
        check_at_least(2, n_init=self.n_init)
        check_at_least(1, kept=self.kept)
        check_at_least(self.kept, round_size=self.round_size)


class ExtrapolatingSearch:
    """Trains what another strategy proposes, most of it in part.

    What is not completed is told to that strategy with its predicted score, so that it is not proposed again and
    ages as any other; what has crashed, as a crash.

    Args:
        space: where to search.
        rng: of the fits.
        inner: proposes architectures.
        epochs: that the task answers, rising; empty where complete trainings alone are known.
        settings: what is completed.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        inner: Strategy,
        epochs: Sequence[int],
        settings: Extrapolation,
    ) -> None:
        self._n_decisions, self._rng, self._inner, self._settings = len(space.decisions), rng, inner, settings
        steps = looks(epochs, settings.n_looks)
        self._steps = steps or (FULL_TRAINING,)
        self._first = max(1, sum(step <= settings.share * self._steps[-1] for step in self._steps))
        self._model = CurveModel(space, settings.predictor, steps=steps or (1,), refit_every=settings.refit_every)
        self._trainings: dict[int, Training] = {}
        self._going_on: deque[int] = deque()
        self._compared: list[int] = []  # trials of the round that wait for the others
        self._complete: list[Training] = []

    def ask(self, n: int) -> Trials:
        """Return trainings that go on, then what the inner strategy proposes.

        Raises:
            SearchFinished: it has nothing left, and nothing goes on.
        """
        asked: list[tuple[int, Archs, int]] = []
        while self._going_on and len(asked) < n:
            trial = self._going_on.popleft()
            training = self._trainings[trial]
            asked.append((trial, training.arch, self._steps[len(training.curve)]))
        try:
            proposed = self._inner.ask(n - len(asked)) if len(asked) < n else None
        except SearchFinished:
            self._decide()  # the last round is as large as it is
            if asked or self._going_on:
                return as_trials(asked, self._n_decisions) if asked else self.ask(n)
            raise
        if proposed is not None:
            archs = freeze(proposed.arch)  # the inner strategy may fill its array again
            for trial, arch in zip(proposed.id.tolist(), archs, strict=True):
                self._trainings[trial] = Training(arch)
                asked.append((trial, arch, self._steps[0]))
            if not asked and self._compared:  # it waits for those that wait for a full round
                self._decide()
                return self.ask(n)
        return as_trials(asked, self._n_decisions)

    def tell(self, results: Results) -> None:
        """Note scores; complete what looks best of a round, and predict the rest."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            training = self._trainings[trial]
            training.curve.append(score)
            if np.isnan(score) or len(training.curve) == len(self._steps):
                self._over(trial, score)
            elif len(training.curve) == self._first and len(self._complete) >= self._settings.n_init:
                self._compared.append(trial)
            else:
                self._going_on.append(trial)
        if len(self._compared) >= self._settings.round_size:
            self._decide()

    def _decide(self) -> None:
        """Complete the best of the round, and tell the inner strategy what the others would have come to."""
        trials, self._compared = self._compared, []
        if not trials:
            return
        self._model.learn(
            np.array([one.arch for one in self._complete]), [one.curve for one in self._complete], self._rng
        )
        told = self._model.expects(
            np.array([self._trainings[trial].arch for trial in trials]),
            [self._trainings[trial].curve for trial in trials],
        )
        if told is None:  # nothing to learn from: all of them go on
            self._going_on.extend(trials)
            return
        order = np.argsort(-told.mean, kind="stable").tolist()
        for place, i in enumerate(order):
            if place < self._settings.kept:
                self._going_on.append(trials[i])
            else:
                self._over(trials[i], float(told.mean[i]))

    def _over(self, trial: int, score: float) -> None:
        """Tell the inner strategy of a training that will not go on."""
        training = self._trainings.pop(trial)
        if len(training.curve) == len(self._steps) and not np.isnan(score):
            self._complete.append(training)
            self._model.saw()
        spent = np.array([0.0])
        self._inner.tell(Results(np.array([trial]), np.array([self._steps[-1]]), np.array([[score]]), spent))
