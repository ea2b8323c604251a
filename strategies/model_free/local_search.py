"""Local search: evaluate all neighbours of the best architecture, move to the best of them, restart.

Source: White, Nolen & Savani 2020, "Exploring the Loss Landscape in Neural Architecture Search" (arXiv 2005.02960).
Defaults are those of the authors' code (naszilla): start from the best of 10 random architectures, query the full
neighbourhood, and restart when no neighbour is better. ``first_improvement`` moves as soon as a neighbour is better
(the paper's ``query_until_improve``).

Differences: an architecture is never trained twice in a run, and the neighbourhood is visited in random order. With
several workers, a move waits for the training runs it depends on.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, freeze_array
from nasbench.draws import draw_permutation
from nasbench.errors import InvalidOption, SearchFinished
from nasbench.spaces import SearchSpace
from nasbench.trials import Results, Trials, full_trainings

_RESTART_TRIES = 1000  # draws without a new architecture before the space counts as exhausted


class LocalSearch:
    """Hill climbing with restarts.

    Args:
        space: where to search.
        rng: draws starts and the order of neighbours.
        n_start: number of random architectures; each climb starts from the best of them.
        first_improvement: move to the first better neighbour instead of the best of all.

    Raises:
        InvalidOption: ``n_start`` below 1.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "full": {"n_start": 10},
        "first": {"n_start": 10, "first_improvement": True},
        "single_start": {"n_start": 1},
    }

    def __init__(
        self, space: SearchSpace, rng: np.random.Generator, *, n_start: int = 10, first_improvement: bool = False
    ) -> None:
        if n_start < 1:
            raise InvalidOption(f"n_start={n_start}; expected at least 1")
        self._space, self._rng = space, rng
        self._n_start, self._first_improvement = n_start, first_improvement
        self._scores: dict[bytes, float] = {}  # of every architecture asked; nan until its result arrives
        self._waiting: dict[int, Archs] = {}
        self._queue: Archs = space.no_archs
        self._next = self._n_asked = 0
        self._best: tuple[float, Archs | None] = (-np.inf, None)  # of the round under evaluation
        self._peak = -np.inf  # score of the architecture whose neighbours are the round

    @property
    def n_prefetchable(self) -> int:
        """Architectures left in the round, unless the first better one ends it early."""
        return 0 if self._first_improvement else len(self._queue) - self._next

    def ask(self, n: int) -> Trials:
        """Return up to ``n`` architectures of the current round; none while the round is still running.

        Raises:
            SearchFinished: restarts find no architecture that was not asked.
        """
        while self._next == len(self._queue) and not self._waiting:
            self._begin_round()
        archs = self._queue[self._next : self._next + n]
        self._next += len(archs)
        trials = full_trainings(self._n_asked, archs)
        self._n_asked += len(archs)
        self._waiting.update(zip(trials.id.tolist(), archs, strict=True))
        return trials

    def _begin_round(self) -> None:
        score, arch = self._best
        if arch is None or not score > self._peak:
            self._restart()
            return
        self._peak = score
        neighbors, _ = self._space.neighbors(arch[None])
        keys = [row.tobytes() for row in neighbors]
        earlier = [self._scores.get(key) for key in keys]
        # A neighbour evaluated in an earlier round competes with the score it had.
        for row, known in zip(neighbors, earlier, strict=True):
            if known is not None and known > self._best[0]:
                self._best = (known, row)
        new = [i for i, known in enumerate(earlier) if known is None]
        order = np.array(new, dtype=np.int64)[draw_permutation(self._rng, len(new))]
        self._queue, self._next = freeze_array(neighbors[order]), 0  # asked for slice by slice, which need no copies
        self._scores.update((keys[i], np.nan) for i in new)

    def _restart(self) -> None:
        self._best, self._peak = (-np.inf, None), -np.inf
        fresh: list[Archs] = []
        for _ in range(_RESTART_TRIES):
            for row in self._space.sample(self._n_start, self._rng):
                if len(fresh) < self._n_start and row.tobytes() not in self._scores:
                    self._scores[row.tobytes()] = np.nan
                    fresh.append(row)
            if len(fresh) == self._n_start:
                break
        if not fresh:
            raise SearchFinished(f"{_RESTART_TRIES} draws gave no new architecture after {self._n_asked} trials")
        self._queue, self._next = freeze_array(np.stack(fresh)), 0

    def tell(self, results: Results) -> None:
        """Remember scores, and the best of the round."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            arch = self._waiting.pop(trial)
            self._scores[arch.tobytes()] = score
            if score > self._best[0]:
                self._best = (score, arch)
                if self._first_improvement and score > self._peak > -np.inf:
                    self._forget_rest()

    def _forget_rest(self) -> None:
        for row in self._queue[self._next :]:
            del self._scores[row.tobytes()]
        self._next = len(self._queue)
