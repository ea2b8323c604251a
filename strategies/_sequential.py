"""Base of strategies that start at random and then propose from what they have learnt.

No architecture is asked twice in a run. Crashed architectures are not asked again, and nothing is learnt from them.
Where nothing can be proposed, because results are missing or all equal, random architectures are asked. The search ends
when a space has no new architecture left.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from nasbench.arrays import Archs, Floats, freeze_array
from nasbench.errors import SearchFinished
from nasbench.options import Count
from nasbench.spaces import SearchSpace
from nasbench.strategies._configured import ConfiguredStrategy
from nasbench.strategies._pools import SeenSet, draw_unseen
from nasbench.trials import Results, Trials, full_trainings


@dataclass(kw_only=True, eq=False)
class SequentialSearch(ConfiguredStrategy, ABC):
    """Random architectures first, then proposals. Sub-classes implement ``_propose``.

    Attributes:
        n_init: random architectures at the start.
        batch: number of proposals made from the same results.
    """

    n_init: Count = 10
    batch: Count = field(default=1, init=False)

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without trials and results."""
        super().__post_init__(space, rng)
        self._n_init = self.n_init  # size of the random start, less what another search has trained before
        self._seen = SeenSet(space)
        self._queue: Archs = space.no_archs
        self._waiting: dict[int, Archs] = {}
        self._archs: list[Archs] = []
        self._scores: list[float] = []
        self._n_asked = 0
        self._started = False

    @property
    def n_prefetchable(self) -> int:
        """Number of proposals left in the batch, or size of the random start."""
        return len(self._queue) if self._started else self._n_init

    def ask(self, n: int) -> Trials:
        """Return ``n`` architectures that were not asked before, fewer at the end of the space.

        Raises:
            SearchFinished: neither draws nor proposals find a new architecture.
        """
        parts = [self._take(n)]
        while (missing := n - sum(map(len, parts))) > 0:
            self._queue = self._choose_next(missing)
            if not len(self._queue):
                break
            parts.append(self._take(missing))
        archs = np.concatenate(parts)
        if n and not len(archs):
            raise SearchFinished(f"no new architecture was found after {self._n_asked} trials")
        trials = full_trainings(self._n_asked, archs)
        self._n_asked += len(archs)
        self._waiting.update(zip(trials.id.tolist(), archs, strict=True))
        return trials

    def _take(self, n: int) -> Archs:
        taken, self._queue = self._queue[:n], self._queue[n:]
        return taken

    def _choose_next(self, wanted: int) -> Archs:
        """Return new architectures to ask: first the whole random start, then a batch, or ``wanted`` if larger."""
        if not self._started:
            self._started = True
            chosen = draw_unseen(self._space, self._seen, self._n_init, self._rng)
        else:
            n = max(wanted, self.batch)
            chosen = self._propose(n) if len(self._scores) else self._queue
            if not len(chosen):
                chosen = draw_unseen(self._space, self._seen, n, self._rng)
        self._seen.add(chosen)
        return freeze_array(chosen)  # asked slice by slice; frozen slices need no copies

    @abstractmethod
    def _propose(self, n: int) -> Archs:
        """Return up to ``n`` distinct architectures that were not asked; none where nothing can be learnt yet."""

    def tell(self, results: Results) -> None:
        """Remember the scores that did not crash."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            arch = self._waiting.pop(trial)
            if np.isfinite(score):
                self._archs.append(arch)
                self._scores.append(score)

    def warm_start(self, archs: Archs, scores: Floats) -> None:
        """Learn from training runs that this search did not ask for, before its first trial or later.

        Before the first trial, they count towards the random start. None of them is asked afterwards.

        Args:
            archs: [m, d] distinct architectures.
            scores: [m] their observed scores; nan for a crash.
        """
        finished = np.isfinite(scores)
        self._seen.add(archs)
        self._archs.extend(archs[finished])
        self._scores.extend(scores[finished].tolist())
        if self._started:
            given = {arch.tobytes() for arch in archs}
            self._queue = self._queue[[arch.tobytes() not in given for arch in self._queue]]
        else:
            self._n_init -= len(archs)
            self._started = self._n_init < 1

    def _get_results(self) -> tuple[Archs, Floats]:
        """Return the architectures [n, d] and scores [n] that did not crash, in the order of the answers."""
        return np.array(self._archs, dtype=self._space.dtype).reshape(-1, self._space.width), np.array(self._scores)

    def _get_pending(self) -> Archs:
        """Return the pending architectures, [p, d], including those that are chosen but not asked yet."""
        waiting = [*self._waiting.values(), *self._queue]
        return np.array(waiting, dtype=self._space.dtype).reshape(-1, self._space.width)
