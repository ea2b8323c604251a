"""Asynchronous successive halving: base of strategies that promote or stop trials without waiting for others."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from nasbench.arrays import Archs
from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity._brackets import make_trials
from nasbench.strategies.multi_fidelity._rungs import Rung, RungSearch
from nasbench.trials import Results, Trials

Kind = Literal["promotion", "stopping"]


@dataclass(slots=True)
class Running:
    """A trial: its architecture [d], its bracket, the rung it is being trained to, and its scores on the way there."""

    arch: Archs
    bracket: "Rungs"
    rung: int = 0
    curve: list[float] = field(default_factory=list)

    @property
    def goal(self) -> int:
        """The epoch of its rung."""
        return self.bracket.epochs[self.rung]


@dataclass(slots=True)
class Rungs:
    """The rungs of a bracket.

    Attributes:
        epochs: epoch of each rung, rising.
        reached: scores of the trials that have reached each rung.
        begun: number of trials that have been asked to reach each rung.
    """

    epochs: tuple[int, ...]
    reached: list[Rung] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with nothing on any rung."""
        self.reached = [Rung() for _ in self.epochs]
        self.begun = [0] * len(self.epochs)


@dataclass(kw_only=True, eq=False)
class AsynchronousHalving(RungSearch):
    """Trials climb the rungs of their bracket without waiting for others. Sub-classes may choose new architectures.

    Attributes:
        kind: ``promotion`` of paused trials, or ``stopping`` of running ones.
    """

    kind: Kind = "promotion"

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin with nothing on any rung."""
        super().__post_init__(space, rng)
        brackets, shares = self._make_brackets(self._make_ladder(self.epochs).upwards())
        self._stopping = self.kind == "stopping"
        self._brackets = [Rungs(tuple(epochs)) for epochs in brackets]
        self._turns = [bracket for bracket, share in zip(self._brackets, shares, strict=True) for _ in range(share)]
        self._trials: dict[int, Running] = {}
        self._steps: tuple[int, ...] = ()  # epochs at which trials are validated on the way to a rung, rising
        self._to_resume: deque[int] = deque()  # trials to resume: not stopped, or still on the way to a rung
        self._n_started = 0

    def _make_brackets(self, rungs: tuple[int, ...]) -> tuple[Sequence[Sequence[int]], Sequence[int]]:
        """Return the rungs of each bracket, all in the first, and the number of new trials that each gets in turn."""
        return [rungs], [1]

    def _draw(self, n: int) -> Archs:
        """Return ``n`` new architectures to train: random ones, unless a sub-class overrides this."""
        return self._space.sample(n, self._rng)

    def _learn(self, arch: Archs, epoch: int, score: float) -> None:
        """Learn from the score of an architecture [d] at a rung's epoch; ``-inf`` for a crash."""

    def ask(self, n: int) -> Trials:
        """Return ``n`` trials: first those to resume, then new ones."""
        asked: list[tuple[int, Archs, int]] = []
        while len(asked) < n and (trial := self._resume_next()) is not None:
            running = self._trials[trial]
            asked.append((trial, running.arch, self._choose_epoch(running)))
        if len(asked) < n:
            for arch in self._draw(n - len(asked)):
                bracket = self._choose_bracket()
                bracket.begun[0] += 1
                self._trials[self._n_started] = running = Running(arch, bracket)
                asked.append((self._n_started, arch, self._choose_epoch(running)))
                self._n_started += 1
        return make_trials(asked, self._space)

    def _choose_bracket(self) -> Rungs:
        """Return the bracket that a new trial begins in."""
        return self._turns[self._n_started % len(self._turns)]

    def _choose_epoch(self, running: Running) -> int:
        """Return the next epoch of a trial: that of its rung, or a step on the way."""
        return self._steps[len(running.curve)] if self._steps else running.goal

    def _resume_next(self) -> int | None:
        """Return a trial to resume; if it is promoted, move it to the next rung of its bracket."""
        if self._to_resume:
            return self._to_resume.popleft()
        if self._stopping:
            return None
        for bracket in self._brackets:
            trial = self._promote(bracket)
            if trial is not None:
                running = self._trials[trial]
                running.rung += 1
                bracket.begun[running.rung] += 1
                return trial
        return None

    def _promote(self, bracket: Rungs) -> int | None:
        """Return a trial to promote, from the highest rung that has one; None where no rung has one."""
        for rung in reversed(bracket.reached[:-1]):
            if (trial := rung.promote(self.eta)) is not None:
                return trial
        return None

    def tell(self, results: Results) -> None:
        """Add the trials that reached their rungs, and keep those that continue."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            running = self._trials[trial]
            fitness = -math.inf if math.isnan(score) else score
            if self._steps:
                running.curve.append(fitness)
                if fitness > -math.inf and self._steps[len(running.curve) - 1] != running.goal:
                    self._to_resume.append(trial)
                    continue
            self._learn(running.arch, running.goal, fitness)
            self._arrive(trial, running, fitness)

    def _arrive(self, trial: int, running: Running, fitness: float) -> None:
        """Add a trial to the rung it was trained to; with ``stopping``, decide at once whether it continues."""
        rung = running.bracket.reached[running.rung]
        rung.add(trial, fitness)
        if running.rung == len(running.bracket.epochs) - 1:
            del self._trials[trial]
        elif self._stopping and fitness > -math.inf and rung.holds(fitness, self.eta):
            running.rung += 1
            self._to_resume.append(trial)
        elif self._stopping:
            del self._trials[trial]
