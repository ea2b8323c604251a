"""NASH: hill climbing by a few random edits at a time, for a few steps.

Source: Elsken, Metzen & Hutter 2017, "Simple and Efficient Architecture Search for Convolutional Neural
Networks" (arXiv 1711.04528): in each of n_steps = 5 steps, n_neigh = 8 children of the best network so far are
trained, each after n_NM = 5 random network morphisms, but the last, which is the best network unchanged; the best
of the eight is the next.

Differences: this is NASH as a policy over the space's edits. Its morphisms keep what a network computes, so that
children inherit weights and train for a few epochs; a table holds trainings from scratch, where five edits lead
anywhere in a small cell. The unchanged child therefore is not trained again but competes with the score it had. A
child trained before is edited further, ten times at most. The paper starts from one small network and ends after
n_steps; here the start is random, and after n_steps the climb begins again elsewhere. ``single`` (ours) makes one
edit at a time and climbs for 20 steps. With several workers a step waits for its last training.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import InRounds, Rounds, check_at_least, mutate_until_new


class NASH(InRounds):
    """Hill climbing over several edits.

    Args:
        space: where to search.
        rng: draws the starts and the edits.
        n_neighbors: n_neigh, children of a step, the unchanged one among them.
        n_steps: steps of a climb.
        n_morphisms: n_NM, edits that make a child.

    Raises:
        InvalidOption: fewer than 2 children, no step or no edit.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "elsken2017": {"n_neighbors": 8, "n_steps": 5, "n_morphisms": 5},
        "single": {"n_steps": 20, "n_morphisms": 1},
    }

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        n_neighbors: int = 8,
        n_steps: int = 5,
        n_morphisms: int = 5,
    ) -> None:
        check_at_least(2, n_neighbors=n_neighbors)
        check_at_least(1, n_steps=n_steps, n_morphisms=n_morphisms)
        self._space, self._rng = space, rng
        self._n_children, self._n_steps, self._n_morphisms = n_neighbors - 1, n_steps, n_morphisms
        self._rounds = Rounds(self._step, len(space.decisions))
        self._best: Archs | None = None
        self._best_score, self._n_climbed = -np.inf, 0
        self._known: set[bytes] = set()

    def _step(self) -> Archs:
        self._move()
        if self._best is None or self._n_climbed == self._n_steps:
            self._best, self._best_score, self._n_climbed = None, -np.inf, 0
            children = self._space.sample(1, self._rng)
        else:
            self._n_climbed += 1
            children = self._best[None].repeat(self._n_children, axis=0)
            for _ in range(self._n_morphisms):
                children = self._space.mutate(children, self._rng)
        return mutate_until_new(self._space, self._rng, children, self._known)

    def _move(self) -> None:
        """Go to the best of the round where it is better; a start that crashed is none."""
        scores = self._rounds.scores
        if scores.max(initial=-np.inf) > self._best_score:
            best = int(np.argmax(scores))
            self._best, self._best_score = self._rounds.archs[best], float(scores[best])
