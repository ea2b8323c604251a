"""NASH: hill climbing by a few random edits at a time, for a few steps.

Source: Elsken, Metzen & Hutter 2017, "Simple and Efficient Architecture Search for Convolutional Neural Networks"
(arXiv 1711.04528). In each of n_steps = 5 steps, n_neigh = 8 children of the best network so far are trained. Each
child follows n_NM = 5 random network morphisms, except the last, which is the best network unchanged. The best of the
eight is the next.

Differences: this is NASH as a policy over the space's edits. Its morphisms keep what a network computes, so that
children inherit weights and train for a few epochs; a table holds training runs from scratch, where five edits lead
anywhere in a small cell. The unchanged child is therefore not trained again but competes with the score it had. A child
trained before is edited further, up to ten times. The paper starts from one small network and ends after n_steps; here
the start is random, and after n_steps the climb begins again elsewhere. ``single`` (ours) makes one edit at a time and
climbs for 20 steps. With several workers a step waits for its last training run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs
from nasbench.options import Count, FromTwo
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import mutate_until_new
from nasbench.strategies._rounds import RoundSearch


@dataclass(kw_only=True, eq=False)
class NASH(RoundSearch):
    """Hill climbing over several edits.

    Attributes:
        n_neighbors: n_neigh, children of a step, the unchanged one among them.
        n_steps: steps of a climb.
        n_morphisms: n_NM, edits that make a child.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "elsken2017": {"n_neighbors": 8, "n_steps": 5, "n_morphisms": 5},
        "single": {"n_steps": 20, "n_morphisms": 1},
    }

    n_neighbors: FromTwo = 8
    n_steps: Count = 5
    n_morphisms: Count = 5

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without a start."""
        super().__post_init__(space, rng)
        self._best: Archs | None = None
        self._best_score, self._n_climbed = -np.inf, 0
        self._known: set[bytes] = set()

    def _begin_round(self) -> Archs:
        self._move()
        if self._best is None or self._n_climbed == self.n_steps:
            self._best, self._best_score, self._n_climbed = None, -np.inf, 0
            children = self._space.sample(1, self._rng)
        else:
            self._n_climbed += 1
            children = self._best[None].repeat(self.n_neighbors - 1, axis=0)
            for _ in range(self.n_morphisms):
                children = self._space.mutate(children, self._rng)
        return mutate_until_new(self._space, self._rng, children, self._known)

    def _move(self) -> None:
        """Move to the best of the round if it is better; a crashed start is replaced by another."""
        scores = self._rounds.scores
        if scores.max(initial=-np.inf) > self._best_score:
            best = int(np.argmax(scores))
            self._best, self._best_score = self._rounds.archs[best], float(scores[best])
