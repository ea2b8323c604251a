"""LaNAS: a tree of linear regressions cuts the space into good and bad regions; upper bounds choose among them.

Source: Wang, Xie, Li, Fonseca & Tian 2019, "Sample-Efficient Neural Architecture Search by Learning Action Space"
(arXiv 1906.06832; TPAMI 2022), and the authors' code for NAS-Bench-101. After 10 random architectures, the search
learns a tree of height 5. Each node fits a linear model to the results in its region and divides the region at the mean
of their scores, so that four regressions bound each leaf. Then the search draws 20 architectures. Each comes from the
leaf that a descent by mean + 2 c sqrt(2 ln N / n), c = 0.1, ends in, and its score is added to all nodes above. Then a
new tree is learnt. Features are the one-hot decisions.

Differences: the regressions are solved by least squares, where the code takes 20,000 small steps of Adam that do not
converge. A region without candidates is not entered, where the code falls back to the first leaf that has one. A space
that cannot be listed is represented by 2,000 random architectures, redrawn for each tree. A running trial counts as a
visit without a score. No architecture is trained twice; nothing is learnt from crashes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.options import Count, NotNegative, Within
from nasbench.spaces import SearchSpace
from nasbench.strategies._pools import draw_unseen
from nasbench.strategies._sequential import SequentialSearch
from nasbench.strategies.model_based._partition import Partition
from nasbench.trials import Results

_LISTED = 50_000  # maximum size of a listed space whose architectures are all in the tree


@dataclass(kw_only=True, eq=False)
class LaNAS(SequentialSearch):
    """Search by learnt partitions.

    Attributes:
        height: levels of the tree, the root counted; 2 to 10.
        exploration: c, in units of an accuracy; where scores are not fractions, of the range of scores so far.
        retrain_every: architectures drawn from each tree.
        pool_size: candidates, where the space is not listed.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"nasbench101": {}}

    height: Annotated[int, Within(2, 10)] = 5
    exploration: NotNegative = 0.1
    retrain_every: Count = 20
    pool_size: Count = 2000

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without a tree."""
        super().__post_init__(space, rng)
        self._tree: Partition | None = None
        self._pool, self._n_drawn = self._queue, 0
        self._scale = (0.0, 1.0)  # what to subtract from scores and to divide by, so that they are like accuracies
        self._leaves: dict[bytes, int] = {}  # leaf of each architecture drawn from the current tree

    def _propose(self, n: int) -> Archs:
        """Draw one architecture; its score may change the leaf that the next one comes from."""
        del n
        if self._tree is None or self._n_drawn >= self.retrain_every or not self._tree.n_left:
            self._learn()
        if self._tree is None or not self._tree.n_left:
            return self._pool[:0]
        candidate, leaf = self._tree.draw(self.exploration)
        self._n_drawn += 1
        arch = self._pool[[candidate]]
        self._leaves[arch.tobytes()] = leaf
        return arch

    def _learn(self) -> None:
        archs, scores = self._get_results()
        self._scale = _compute_scale(scores)
        scores = (scores - self._scale[0]) / self._scale[1]
        rest = self._seen.list_unseen() if self._space.size <= _LISTED else None
        if rest is None:
            rest = draw_unseen(self._space, self._seen, self.pool_size, self._rng)
        features, candidates = (self._space.encode(rows, "one_hot").astype(np.float64) for rows in (archs, rest))
        self._tree = Partition(features, scores, candidates, height=self.height, rng=self._rng)
        self._pool, self._n_drawn = rest, 0
        self._leaves.clear()

    def warm_start(self, archs: Archs, scores: Floats) -> None:
        """Learn from training runs that this search did not ask for, in a new tree without them."""
        super().warm_start(archs, scores)
        self._tree = None

    def tell(self, results: Results) -> None:
        """Remember the scores that did not crash, and add them to the regions that they came from."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            leaf = self._leaves.pop(self._waiting[trial].tobytes(), None)
            if leaf is not None and self._tree is not None and np.isfinite(score):
                self._tree.reward(leaf, (score - self._scale[0]) / self._scale[1])
        super().tell(results)


def _compute_scale(scores: Floats) -> tuple[float, float]:
    """Return the lowest score and the range of scores [n]: 0 and 1 for fractions; the range is 1 if all are equal."""
    low, high = float(scores.min(initial=0.0)), float(scores.max(initial=0.0))
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    low = float(scores.min())
    return low, float(scores.max()) - low or 1.0
