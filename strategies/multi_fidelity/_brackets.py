"""Synchronous successive halving: base of strategies whose rungs begin when the previous one is complete."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nasbench.arrays import Archs
from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity._rungs import RungSearch
from nasbench.trials import FULL_TRAINING, Results, Trials


class Bracket:
    """One run of successive halving.

    Args:
        sizes: number of trials of each rung.
        epochs: epoch of each rung.

    Attributes:
        n_new: trials of the first rung that are still to be drawn.
    """

    def __init__(self, sizes: Sequence[int], epochs: Sequence[int]) -> None:
        self._sizes, self._epochs = sizes, epochs
        self.n_new = sizes[0]
        self._rung, self._n_open = 0, sizes[0]
        self._ready: list[int] = []  # promoted and not asked for yet, the best last
        self._told: list[tuple[float, int, int]] = []  # (-score, place in the order of answers, trial)

    @property
    def epoch(self) -> int:
        """Epoch of the current rung."""
        return self._epochs[self._rung]

    @property
    def size(self) -> int:
        """Number of trials of the current rung."""
        return self._sizes[self._rung]

    @property
    def on_first_rung(self) -> bool:
        """Whether the current rung is the first."""
        return self._rung == 0

    @property
    def finished(self) -> bool:
        """Whether every rung is complete."""
        return self._rung == len(self._sizes)

    @property
    def has_work(self) -> bool:
        """Whether there is a trial to ask for."""
        return bool(self.n_new or self._ready)

    def pop_promoted(self) -> int | None:
        """Return a trial that was promoted to the current rung; None where all of them were asked for."""
        return self._ready.pop() if self._ready else None

    def tell(self, trial: int, score: float) -> None:
        """Store the score of a trial, ``-inf`` for a crash; begin the next rung once the current one is complete."""
        self._told.append((-score, len(self._told), trial))
        self._n_open -= 1
        if self._n_open:
            return
        self._rung += 1
        finished = sorted(entry for entry in self._told if entry[0] < math.inf)
        wanted = 0 if self.finished else self._sizes[self._rung]
        self._told = []
        self._begin([trial for *_, trial in finished[:wanted]])
        self._n_open = self.n_new + len(self._ready)
        if not self._n_open:  # all have crashed, or the last rung is complete
            self._rung = len(self._sizes)

    def _begin(self, best: list[int]) -> None:
        """Fill the rung with the best of the last one, best first."""
        self._ready = best[::-1]


@dataclass(kw_only=True, eq=False)
class BracketSearch(RungSearch, ABC):
    """Run one bracket after the other. Sub-classes make the brackets, and may choose the architectures.

    Crashed training runs are not promoted, so the next rung may be smaller.

    Attributes:
        overlap: begin the next bracket where workers would wait for the last trials of a rung, as hpbandster does.
        anew: on every rung, train each architecture completely and from scratch.
    """

    overlap: bool = field(default=False, init=False)
    anew: bool = field(default=False, init=False)

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without a bracket."""
        super().__post_init__(space, rng)
        self._brackets: list[Bracket] = []  # begun and not finished
        self._trials: dict[int, tuple[Archs, Bracket]] = {}
        self._n_started = self._n_asked = 0

    @abstractmethod
    def _make_bracket(self, number: int) -> Bracket:
        """Return bracket ``number``, counted from 0."""

    def _draw(self, trials: range, bracket: Bracket) -> Archs:
        """Return architectures for new ``trials`` of a bracket: random ones, unless a sub-class overrides this."""
        del bracket
        return self._space.sample(len(trials), self._rng)

    def _learn(self, trial: int, arch: Archs, epoch: int, score: float) -> None:
        """Learn from the score of a trial of an architecture [d] at a rung's epoch; ``-inf`` for a crash."""

    def _note_promotion(self, trial: int, bracket: Bracket) -> None:
        """Take note that a trial was promoted to the next rung of its bracket."""

    def ask(self, n: int) -> Trials:
        """Return promoted trials, then new ones; fewer while the last trials of a rung are running."""
        asked: list[tuple[int, Archs, int]] = []
        while len(asked) < n and (bracket := self._find_work()):
            epoch = FULL_TRAINING if self.anew else bracket.epoch
            trial = bracket.pop_promoted()
            if trial is None:
                n_new = min(n - len(asked), bracket.n_new)
                bracket.n_new -= n_new
                archs = self._draw(range(self._n_asked, self._n_asked + n_new), bracket)
                asked += [(self._start_trial(arch, bracket), arch, epoch) for arch in archs]
            else:
                arch, _ = self._trials[trial]
                self._note_promotion(trial, bracket)
                asked.append((self._start_trial(arch, bracket) if self.anew else trial, arch, epoch))
        return make_trials(asked, self._space)

    def _start_trial(self, arch: Archs, bracket: Bracket) -> int:
        """Register a new trial and return its id."""
        self._trials[self._n_asked] = arch, bracket
        self._n_asked += 1
        return self._n_asked - 1

    def _find_work(self) -> Bracket | None:
        """Return the first bracket that has a trial to ask for; begin a new one if none has and that is allowed."""
        for bracket in self._brackets:
            if bracket.has_work:
                return bracket
        if self._brackets and not self.overlap:
            return None
        self._brackets.append(self._make_bracket(self._n_started))
        self._n_started += 1
        return self._brackets[-1]

    def tell(self, results: Results) -> None:
        """Store the scores in their brackets."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            arch, bracket = self._trials[trial]
            fitness = -math.inf if math.isnan(score) else score
            self._learn(trial, arch, bracket.epoch, fitness)
            bracket.tell(trial, fitness)
            if bracket.finished:
                self._brackets.remove(bracket)


def make_trials(asked: Sequence[tuple[int, Archs, int]], space: SearchSpace) -> Trials:
    """Return ``Trials`` of (id, architecture [d], epoch) triples, of which there may be none."""
    if len(asked) == 1:  # most calls; making arrays of arrays costs four times as much
        trial, arch, epoch = asked[0]
        trials = Trials(np.array([trial]), arch[None], np.array([epoch]))
    elif asked:
        trials = Trials(*map(np.array, zip(*asked, strict=True)))
    else:
        trials = Trials(np.empty(0, np.int64), space.no_archs, np.empty(0, np.int64))
    return trials
