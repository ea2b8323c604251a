"""Base of strategies that start at random and then propose from what they have learnt.

No architecture is asked twice in a run. Crashed trainings are remembered as asked and left out of what is
learnt. Where nothing can be proposed, for lack of results or because all are equal, random architectures are
asked. The search ends when a space has nothing left.
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
    """Random architectures first, then proposals. Sub-classes write ``_propose``.

    Attributes:
        n_init: random architectures at the start.
        batch: proposals made from the same results.
    """

    n_init: Count = 10
    batch: Count = field(default=1, init=False)

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin with nothing asked and nothing learnt."""
        super().__post_init__(space, rng)
        self._n_init = self.n_init  # of the start, without what another search has trained before
        self._seen = SeenSet(space)
        self._queue: Archs = space.no_archs
        self._waiting: dict[int, Archs] = {}
        self._archs: list[Archs] = []
        self._scores: list[float] = []
        self._n_asked = 0
        self._started = False

    @property
    def n_prefetchable(self) -> int:
        """Proposals left of the batch, or the random start."""
        return len(self._queue) if self._started else self._n_init

    def ask(self, n: int) -> Trials:
        """Return ``n`` architectures that were not asked before, fewer at the end of the space.

        Raises:
            SearchFinished: none is left that draws or proposals could reach.
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
        """Return new architectures to ask: the random start as a whole, then a batch or what is wanted if more."""
        if not self._started:
            self._started = True
            chosen = draw_unseen(self._space, self._seen, self._n_init, self._rng)
        else:
            n = max(wanted, self.batch)
            chosen = self._propose(n) if len(self._scores) else self._queue
            if not len(chosen):
                chosen = draw_unseen(self._space, self._seen, n, self._rng)
        self._seen.add(chosen)
        return freeze_array(chosen)  # asked for slice by slice, which then need no copies

    @abstractmethod
    def _propose(self, n: int) -> Archs:
        """Return up to ``n`` distinct architectures that were not asked; none where nothing can be learnt."""

    def tell(self, results: Results) -> None:
        """Remember what did not crash."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            arch = self._waiting.pop(trial)
            if np.isfinite(score):
                self._archs.append(arch)
                self._scores.append(score)

    def warm_start(self, archs: Archs, scores: Floats) -> None:
        """Learn from trainings that another search asked for, before the first of its own.

        They count towards the random start, and none of them is asked again.

        Args:
            archs: [m, d] distinct architectures.
            scores: [m] as they were observed; nan for a crash.
        """
        finished = np.isfinite(scores)
        self._seen.add(archs)
        self._archs.extend(archs[finished])
        self._scores.extend(scores[finished].tolist())
        self._n_init -= len(archs)
        self._started = self._n_init < 1

    def _get_results(self) -> tuple[Archs, Floats]:
        """Return what finished, in the order of the answers: [n, d] and [n]."""
        return np.array(self._archs, dtype=self._space.dtype).reshape(-1, self._space.width), np.array(self._scores)

    def _get_pending(self) -> Archs:
        """Return what is asked and not answered, [p, d], also what only stands in line."""
        waiting = [*self._waiting.values(), *self._queue]
        return np.array(waiting, dtype=self._space.dtype).reshape(-1, self._space.width)
