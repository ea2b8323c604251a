"""Tabu search: always move to the best neighbour, better or not, but never undo a recent change.

Source: Glover 1989, "Tabu Search, Part I" (ORSA Journal on Computing 1): steepest ascent that continues past a local
optimum. A change of decision i from choice a puts (i, a) on a list of the ``tenure`` last changes, seven in the paper's
examples. Neighbours that would restore one of them are left out, unless they are known to be better than anything so
far (aspiration).

Differences: the walk starts at the best of ``n_start`` random architectures, as local search here does. A neighbour
trained earlier competes with the score it had and is not trained again. The walk restarts elsewhere where no neighbour
is allowed, or after ``patience`` moves in a row that needed no training. With several workers a move waits for the
training runs it depends on.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Bools
from nasbench.draws import draw_permutation
from nasbench.options import Count
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import sample_new
from nasbench.strategies._rounds import RoundSearch


@dataclass(kw_only=True, eq=False)
class TabuSearch(RoundSearch):
    """Steepest ascent with a memory.

    Attributes:
        n_start: number of random architectures; each walk starts from the best of them.
        tenure: number of moves for which a change may not be undone; with 0, a walk would go back and forth.
        patience: moves without a training run after which the walk starts again.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"glover1989": {"tenure": 7}}

    n_start: Count = 10
    tenure: Count = 7
    patience: Count = 20

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without a start."""
        super().__post_init__(space, rng)
        self._scores: dict[bytes, float] = {}  # of all that was trained
        self._best = -np.inf
        self._present: Archs | None = None  # none while the starts are trained
        self._tabu: deque[list[tuple[int, int]]] = deque(maxlen=self.tenure)  # decisions and choices of each move
        self._around: Archs = self._rounds.archs  # neighbours that the next move chooses from

    def _begin_round(self) -> Archs:
        """Move until there are neighbours to train, and return them; else return the starts of a new walk."""
        keys = [row.tobytes() for row in self._rounds.archs]
        self._scores.update(zip(keys, self._rounds.scores.tolist(), strict=True))
        self._best = max(self._best, self._rounds.scores.max(initial=-np.inf))
        for _ in range(self.patience):
            if not len(self._around):
                break
            self._move()
            new = [row for row in self._around if row.tobytes() not in self._scores]
            if new:
                return np.stack(new)[draw_permutation(self._rng, len(new))]
        return self._draw_starts()

    def _draw_starts(self) -> Archs:
        self._present = None
        self._tabu.clear()
        self._around = sample_new(self._space, self._rng, self.n_start, self._scores.keys())
        return self._around

    def _move(self) -> None:
        """Move to the best of ``_around``, and list its allowed neighbours."""
        target = max(self._around, key=lambda row: self._scores[row.tobytes()])
        if self._present is not None:
            changed = np.flatnonzero(target != self._present)
            self._tabu.append(list(zip(changed.tolist(), self._present[changed].tolist(), strict=True)))
        self._present = target
        neighbors, _ = self._space.neighbors(target[None])
        self._around = neighbors[~self._find_forbidden(neighbors, target)]

    def _find_forbidden(self, neighbors: Archs, present: Archs) -> Bools:
        """Return for each neighbour [m, d] of ``present`` [d] whether it undoes a change and is not the best so far."""
        forbidden = np.zeros(len(neighbors), dtype=np.bool_)
        for column, choice in chain.from_iterable(self._tabu):
            forbidden |= (neighbors[:, column] == choice) & (present[column] != choice)
        for i in np.flatnonzero(forbidden):
            forbidden[i] = not self._scores.get(neighbors[i].tobytes(), -np.inf) > self._best
        return forbidden
