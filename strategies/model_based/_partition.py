"""A tree of linear regressions that separates good regions from bad ones: LaNAS's latent actions.

The full binary tree is kept as a heap: the children of node i are 2 i + 1, the good one, and 2 i + 2.
"""

import math

import numpy as np

from nasbench.arrays import Bools, Floats, Ints

_RIDGE = 1e-3  # on the weights; features and scores have unit scale. Keeps collinear one-hot columns finite
_ROUNDING = 1e-9


class Partition:
    """A tree learnt from scored architectures, and the candidates in each of its leaves.

    Args:
        features: [n, f] of the architectures with a score.
        scores: [n] their scores.
        candidates: [m, f] features of those that may be asked.
        height: levels of the tree, the root counted.
        rng: draws candidates.
    """

    def __init__(
        self, features: Floats, scores: Floats, candidates: Floats, *, height: int, rng: np.random.Generator
    ) -> None:
        size = 2**height - 1
        self._first_leaf = 2 ** (height - 1) - 1
        self._total, self._told, self._visits = np.zeros(size), np.zeros(size), np.zeros(size)
        self._left = np.zeros(size, dtype=np.int64)  # candidates under a node
        self._bags: dict[int, list[int]] = {}
        self._features, self._scores, self._candidates, self._rng = features, scores, candidates, rng
        self._grow(0, np.arange(len(scores)), np.arange(len(candidates)))
        del self._features, self._scores, self._candidates

    def _grow(self, node: int, known: Ints, candidates: Ints) -> None:
        """Fit ``node`` to the ``known`` architectures there, and divide them and the candidates among its children."""
        self._total[node] = self._scores[known].sum()
        self._told[node] = self._visits[node] = len(known)
        self._left[node] = len(candidates)
        if node >= self._first_leaf:
            self._bags[node] = self._rng.permutation(candidates).tolist()
            return
        good, promising = self._split(known, candidates)
        self._grow(2 * node + 1, known[good], candidates[promising])
        self._grow(2 * node + 2, known[~good], candidates[~promising])

    def _split(self, known: Ints, candidates: Ints) -> tuple[Bools, Bools]:
        """Return which known architectures are good by their scores, and which candidates by a regression.

        The mean divides both.
        """
        if not len(known):
            return np.ones(0, dtype=np.bool_), np.ones(len(candidates), dtype=np.bool_)
        scores = self._scores[known]
        slope = _fit_slope(self._features[known], scores)
        ahead = (self._candidates[candidates] - self._features[known].mean(axis=0)) @ slope
        # With few points, many candidates lie exactly on the boundary: send all of them one way, whatever the rounding.
        return scores >= scores.mean() - _ROUNDING, ahead >= -_ROUNDING * np.abs(slope).sum()

    def draw(self, exploration: float) -> tuple[int, int]:
        """Descend by upper confidence bounds; return a candidate of the leaf, each only once, and the leaf.

        The bound is mean + 2 c sqrt(2 ln N / n), N visits of the node and n of the child; infinite without a visit.

        Raises:
            IndexError: no candidate is left.
        """
        node = 0
        while node < self._first_leaf:
            children = [child for child in (2 * node + 1, 2 * node + 2) if self._left[child]]
            if len(children) == 2:
                bounds = [self._compute_bound(node, child, exploration) for child in children]
                # two children that were never visited have the same bound
                node = children[int(self._rng.integers(2)) if bounds[0] == bounds[1] else int(np.argmax(bounds))]
            else:
                node = children[0]
        candidate, leaf = self._bags[node].pop(), node
        for above in _trace_path(leaf):
            self._left[above] -= 1
            self._visits[above] += 1
        return candidate, leaf

    def _compute_bound(self, node: int, child: int, exploration: float) -> float:
        if not self._told[child]:
            return math.inf
        mean = self._total[child] / self._told[child]
        return float(mean + 2 * exploration * math.sqrt(2 * math.log(self._visits[node]) / self._visits[child]))

    def reward(self, leaf: int, score: float) -> None:
        """Add a score to ``leaf`` and all nodes above."""
        for node in _trace_path(leaf):
            self._told[node] += 1
            self._total[node] += score

    @property
    def n_left(self) -> int:
        """Candidates that were not drawn."""
        return int(self._left[0])


def _fit_slope(features: Floats, scores: Floats) -> Floats:
    """Return the slope [f] of a linear model by least squares with a very small ridge."""
    centred = features - features.mean(axis=0)
    n, f = features.shape
    rest = scores - scores.mean()
    # The slope is the same either way (the push-through identity); the smaller of the two systems is solved.
    if f <= n:
        slope: Floats = np.linalg.solve(centred.T @ centred + _RIDGE * np.eye(f), centred.T @ rest)
        return slope
    return np.asarray(centred.T @ np.linalg.solve(centred @ centred.T + _RIDGE * np.eye(n), rest))


def _trace_path(leaf: int) -> list[int]:
    path = [leaf]
    while path[-1]:
        path.append((path[-1] - 1) // 2)
    return path
