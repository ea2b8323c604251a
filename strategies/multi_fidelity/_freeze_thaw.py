"""Trainings in a basket, of which one goes on for a step at a time: the one whose end is worth most to know of.

Source: Swersky, Snoek & Adams 2014, "Freeze-Thaw Bayesian Optimization" (arXiv 1406.3896). A predictor of learning
curves says what every training that is paused, and every architecture of a pool that was never trained, will come to;
an acquisition says which of them is trained for one more step.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least
from nasbench.strategies._pools import Novelties
from nasbench.strategies.multi_fidelity._brackets import as_trials
from nasbench.strategies.multi_fidelity._curve_model import CurveModel, looks
from nasbench.trials import FULL_TRAINING, Results, Trials


@dataclass(frozen=True, kw_only=True)
class Thawing:
    """What decides a search by thawing.

    Attributes:
        predictor: label of a predictor of learning curves with a standard deviation.
        n_steps: of a training, at most.
        n_init: random architectures that are trained for a step at first.
        pool_size: architectures without any training that compete.
        refit_every: results between two fits.
    """

    predictor: "str | type | Choice"
    n_steps: int
    n_init: int
    pool_size: int
    refit_every: int

    def __post_init__(self) -> None:
        """Refuse sizes below 1."""
        check_at_least(1, n_steps=self.n_steps, pool_size=self.pool_size)
        check_at_least(2, n_init=self.n_init)


@dataclass(slots=True, eq=False)  # two of one architecture are two
class _Candidate:
    """An architecture [d]: its scores so far, its trial once it has one, and what is expected of its end."""

    arch: Archs
    curve: list[float] = field(default_factory=list)
    trial: int = -1
    expected: tuple[float, float] | None = None  # mean and standard deviation; None before they are asked


class ThawingSearch(ABC):
    """Train what is worth most for one more step. Sub-classes say what something is worth.

    Args:
        space: where to search.
        rng: decides everything.
        epochs: that the task answers, rising; empty where complete trainings alone are known.
        settings: of the search.

    Raises:
        UnknownName: no such predictor.
        InvalidOption: one that does not fit, or sizes below 1.
    """

    def __init__(
        self, space: SearchSpace, rng: np.random.Generator, *, epochs: Sequence[int], settings: Thawing
    ) -> None:
        steps = looks(epochs, settings.n_steps)
        self._space, self._rng, self._settings = space, rng, settings
        self._steps = steps or (FULL_TRAINING,)
        self._model = CurveModel(space, settings.predictor, steps=steps or (1,), refit_every=settings.refit_every)
        self._novelties = Novelties(space, rng)
        self._paused: dict[int, _Candidate] = {}
        self._running: dict[int, _Candidate] = {}
        self._pool: list[_Candidate] = []  # never trained
        self._told: list[_Candidate] = []  # everything with a score that has not crashed
        self._best = -np.inf
        self._n_begun = 0

    @abstractmethod
    def _worth(self, mean: Floats, std: Floats, best: float) -> Floats:
        """Return what it is worth to go on with trainings whose ends are expected at [m]; larger is better."""

    def ask(self, n: int) -> Trials:
        """Return the ``n`` trainings that are worth most."""
        chosen = self._new(min(n, max(0, self._settings.n_init - self._n_begun)))
        if len(chosen) < n:
            chosen += self._thawed(n - len(chosen))
        asked: list[tuple[int, Archs, int]] = []
        for candidate in chosen:
            if candidate.trial < 0:
                candidate.trial = self._n_begun
                self._n_begun += 1
            self._paused.pop(candidate.trial, None)
            self._running[candidate.trial] = candidate
            asked.append((candidate.trial, candidate.arch, self._steps[len(candidate.curve)]))
        return as_trials(asked, len(self._space.decisions))

    def _new(self, n: int) -> list[_Candidate]:
        """Draw ``n`` architectures; those that were drawn before only where no other is left."""
        return [_Candidate(arch) for arch in self._novelties.draw(n)]

    def _thawed(self, n: int) -> list[_Candidate]:
        """Return the ``n`` best of what is paused and of the pool; while nothing is known, what is paused, then new."""
        self._learn()
        self._pool += self._new(self._settings.pool_size - len(self._pool))
        candidates = [*self._paused.values(), *self._pool]
        if self._expect(candidates):
            mean, std = np.array([candidate.expected for candidate in candidates]).T
            order = np.argsort(-self._worth(mean, std, self._best), kind="stable")[:n].tolist()
        else:
            order = list(range(n))
        chosen = [candidates[i] for i in order[: len(candidates)]]
        self._pool = [candidate for candidate in self._pool if candidate not in chosen]
        return chosen + self._new(n - len(chosen))

    def _learn(self) -> None:
        archs = np.array([one.arch for one in self._told], dtype=np.int8).reshape(-1, len(self._space.decisions))
        if self._model.learn(archs, [one.curve for one in self._told], self._rng):
            for candidate in (*self._told, *self._pool):
                candidate.expected = None

    def _expect(self, candidates: list[_Candidate]) -> bool:
        """See that it is known what is expected of candidates; return False where the model cannot say yet."""
        stale = [candidate for candidate in candidates if candidate.expected is None]
        if not stale:
            return True
        told = self._model.expects(np.array([one.arch for one in stale]), [one.curve for one in stale])
        if told is None:
            return False
        for candidate, mean, std in zip(stale, told.mean.tolist(), self._model.surely(told).tolist(), strict=True):
            candidate.expected = mean, std
        return True

    def tell(self, results: Results) -> None:
        """Note scores; a crashed training is forgotten."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            candidate = self._running.pop(trial)
            self._model.saw()
            if np.isnan(score):
                self._told = [one for one in self._told if one is not candidate]
                continue
            if not candidate.curve:
                self._told.append(candidate)
            candidate.curve.append(score)
            candidate.expected = None
            self._best = max(self._best, score)
            if len(candidate.curve) < len(self._steps):
                self._paused[trial] = candidate
