"""(1 + λ) evolution: the best of a parent and its λ mutants becomes the next parent.

Source: the evolution strategy of Cartesian genetic programming as Suganuma, Shirakawa & Nagao 2017 use it for networks,
"A Genetic Programming Approach to Designing Convolutional Neural Network Architectures" (arXiv 1704.00764), with λ = 2;
``miller`` has the λ = 4 that is usual there (Miller & Thomson 2000). A child as good as the parent replaces it, so that
the search drifts over plateaus.

Differences: a child is the result of one or more edits of the space: Binomial(d, 1/d) of them, at least one, which is
the mutation rate of the theory of (1 + λ) (Jansen, De Jong & Wegener 2005). The paper mutates each gene with
probability 0.05 until something changes. Its neutral mutation of a parent that had no better child needs genes without
effect, which the spaces here lack. A child trained before is mutated once more, up to ten times.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs
from nasbench.options import Count
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import mutate_until_new
from nasbench.strategies._rounds import RoundSearch

_BLOCK = 64


@dataclass(kw_only=True, eq=False)
class OnePlusLambda(RoundSearch):
    """The elitist evolution of one parent.

    Attributes:
        n_children: λ, trained in each generation.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "suganuma2017": {"n_children": 2},
        "miller": {"n_children": 4},
    }

    n_children: Count = 2

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without a parent."""
        super().__post_init__(space, rng)
        self._parent: Archs | None = None
        self._fitness = -np.inf
        self._edits: list[int] = []  # drawn ahead
        self._known: set[bytes] = set()

    def _begin_round(self) -> Archs:
        scores = self._rounds.scores
        if len(scores) and scores.max() >= self._fitness:
            best = int(np.argmax(scores))
            self._parent, self._fitness = self._rounds.archs[best], float(scores[best])
        if self._parent is None or self._fitness == -np.inf:  # nothing finished yet
            return mutate_until_new(self._space, self._rng, self._space.sample(1, self._rng), self._known)
        return mutate_until_new(self._space, self._rng, self._make_children(self._parent), self._known)

    def _make_children(self, parent: Archs) -> Archs:
        return np.concatenate([self._make_child(parent[None], self._draw_n_edits()) for _ in range(self.n_children)])

    def _draw_n_edits(self) -> int:
        if not self._edits:
            d = len(self._space.decisions)
            self._edits = np.maximum(self._rng.binomial(d, 1 / d, size=_BLOCK), 1).tolist()
        return self._edits.pop()

    def _make_child(self, arch: Archs, n_edits: int) -> Archs:
        for _ in range(n_edits):
            arch = self._space.mutate(arch, self._rng)
        return arch
