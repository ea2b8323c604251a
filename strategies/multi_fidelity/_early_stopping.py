"""Early stopping: base of strategies that decide after each checkpoint whether a training run continues."""

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nasbench.arrays import Archs
from nasbench.spaces import SearchSpace
from nasbench.strategies._configured import ConfiguredStrategy
from nasbench.strategies.multi_fidelity._brackets import make_trials
from nasbench.trials import FULL_TRAINING, Results, Trials


@dataclass(slots=True)
class ObservedTraining:
    """A trial: its architecture [d], and its score at each step so far; ``-inf`` for a crash."""

    arch: Archs
    curve: list[float] = field(default_factory=list)


@dataclass(kw_only=True, eq=False)
class StepwiseSearch(ConfiguredStrategy, ABC):
    """Train new architectures, each until it is complete or a sub-class decides to stop it.

    Attributes:
        epochs: the task's epochs, rising; filled in by a comparison. If empty, training runs are always complete.
    """

    epochs: Sequence[int] = ()

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without training runs."""
        super().__post_init__(space, rng)
        self._steps = self._select_steps() or (FULL_TRAINING,)
        self._trainings: dict[int, ObservedTraining] = {}
        self._to_resume: deque[int] = deque()
        self._n_started = 0

    @abstractmethod
    def _select_steps(self) -> tuple[int, ...]:
        """Return those of ``epochs`` at which training runs are validated; none where there are no epochs."""

    def _draw(self, n: int) -> Archs:
        """Return up to ``n`` new architectures to train: random ones, unless a sub-class overrides this."""
        return self._space.sample(n, self._rng)

    @abstractmethod
    def _should_continue(self, training: ObservedTraining) -> bool:
        """Return whether a training run that is neither complete nor crashed should take its next step."""

    def _learn_from(self, training: ObservedTraining, *, complete: bool) -> None:
        """Learn from a training run that ended: complete, stopped or crashed."""

    def ask(self, n: int) -> Trials:
        """Return training runs to resume, then new ones."""
        asked: list[tuple[int, Archs, int]] = []
        while self._to_resume and len(asked) < n:
            trial = self._to_resume.popleft()
            training = self._trainings[trial]
            asked.append((trial, training.arch, self._steps[len(training.curve)]))
        if len(asked) < n:
            for arch in self._draw(n - len(asked)):
                self._trainings[self._n_started] = ObservedTraining(arch)
                asked.append((self._n_started, arch, self._steps[0]))
                self._n_started += 1
        return make_trials(asked, self._space)

    def tell(self, results: Results) -> None:
        """Store the scores, and decide which training runs continue."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            training = self._trainings[trial]
            training.curve.append(-math.inf if math.isnan(score) else score)
            complete = len(training.curve) == len(self._steps)
            if not complete and not math.isnan(score) and self._should_continue(training):
                self._to_resume.append(trial)
            else:
                del self._trainings[trial]
                self._learn_from(training, complete=complete)
