"""Trainings that are looked at epoch by epoch: what strategies share that decide after each whether to go on."""

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nasbench.arrays import Archs
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least
from nasbench.strategies.multi_fidelity._brackets import as_trials
from nasbench.trials import FULL_TRAINING, Results, Trials


@dataclass(slots=True)
class Training:
    """A trial: its architecture [d], and its score at each step so far; ``-inf`` for a crash."""

    arch: Archs
    curve: list[float] = field(default_factory=list)


class StepwiseSearch(ABC):
    """Trainings of new architectures, each until it is complete or not worth going on. Sub-classes decide.

    Args:
        space: where to search.
        rng: decides everything.
        epochs: that the task answers, rising; empty where complete trainings alone are known.
        every: look at every how many of them; the last is always looked at.

    Raises:
        InvalidOption: ``every`` below 1.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, epochs: Sequence[int], every: int = 1) -> None:
        check_at_least(1, every=every)
        self._space, self._rng = space, rng
        answered = tuple(epochs) or (FULL_TRAINING,)
        self._steps = answered[::-1][::every][::-1]
        self._trainings: dict[int, Training] = {}
        self._going_on: deque[int] = deque()
        self._n_begun = 0

    def _draw(self, n: int) -> Archs:
        """Return up to ``n`` new architectures to train; random ones unless a sub-class knows better."""
        return self._space.sample(n, self._rng)

    @abstractmethod
    def _goes_on(self, training: Training) -> bool:
        """Tell whether a training that is neither complete nor crashed is worth its next step."""

    def _ended(self, training: Training, *, complete: bool) -> None:  # noqa: B027 (not all learn)
        """Learn from a training that will not go on: complete, stopped or crashed."""

    def ask(self, n: int) -> Trials:
        """Return trainings that go on, then new ones."""
        asked: list[tuple[int, Archs, int]] = []
        while self._going_on and len(asked) < n:
            trial = self._going_on.popleft()
            training = self._trainings[trial]
            asked.append((trial, training.arch, self._steps[len(training.curve)]))
        if len(asked) < n:
            for arch in self._draw(n - len(asked)):
                self._trainings[self._n_begun] = Training(arch)
                asked.append((self._n_begun, arch, self._steps[0]))
                self._n_begun += 1
        return as_trials(asked, len(self._space.decisions))

    def tell(self, results: Results) -> None:
        """Note scores, and decide which trainings go on."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            training = self._trainings[trial]
            training.curve.append(-math.inf if math.isnan(score) else score)
            complete = len(training.curve) == len(self._steps)
            if not complete and not math.isnan(score) and self._goes_on(training):
                self._going_on.append(trial)
            else:
                del self._trainings[trial]
                self._ended(training, complete=complete)
