"""Counts of Weisfeiler-Lehman labels: each vertex with its neighbourhood of up to ``depth`` edges.

Source: Shervashidze et al. 2011, "Weisfeiler-Lehman Graph Kernels"; on architectures Ru et al. 2021, NAS-BOWL, arXiv
2006.07556. The inner product of two count vectors is the WL subtree kernel. Labels are hashes, not numbers in order of
appearance, so that they do not depend on which other architectures are encoded.
"""

import numpy as np

from nasbench.arrays import Archs, Bools, Ints
from nasbench.encodings._encoding import CountEncoding, Keys, Tokens, scramble
from nasbench.encodings._functional import compute_live_graphs
from nasbench.errors import InvalidOption
from nasbench.spaces import SearchSpace

_DIRECTIONS = ("in", "out", "both")
_MOST = 10
_SALTS = scramble(np.arange(1, 3, dtype=np.uint64))
_LEVELS = scramble(np.arange(4, 5 + 2 * _MOST, dtype=np.uint64))


class WeisfeilerLehmanEncoding(CountEncoding):
    """Counts of refined vertex labels; one group for each combination of refinement depth and direction.

    Args:
        space: the search space of the architectures.
        depth: number of refinements.
        direction: ``in`` refines by predecessors, ``out`` by successors, and ``both`` by each of them separately.
        live: leave out vertices that do not contribute to the output.
        unary: count the first, second, ... occurrence of a label separately. The inner product is then the sum of
            minima of two counts, the optimal assignment kernel of Kriege, Giscard & Wilson 2016.
    """

    def __init__(
        self, space: SearchSpace, *, depth: int = 2, direction: str = "both", live: bool = True, unary: bool = False
    ) -> None:
        super().__init__(space)
        if direction not in _DIRECTIONS:
            raise InvalidOption(f"direction is {direction!r}; expected one of {', '.join(_DIRECTIONS)}")
        if not 0 <= depth <= _MOST:
            raise InvalidOption(f"depth is {depth}; expected 0 to {_MOST}")
        self._depth, self._direction, self._live, self._unary = depth, direction, live, unary

    @property
    def n_groups(self) -> int:
        """One group for the initial labels, and one for each refinement in each direction."""
        return 1 + self._depth * (2 if self._direction == "both" else 1)

    def tokens(self, archs: Archs) -> Tokens:
        """Return each vertex's labels after 0 to ``depth`` refinements.

        Groups are ordered by depth, ``in`` before ``out``.
        """
        adjacency, operations, present = self._make_graphs(archs)
        owner, vertex = np.nonzero(present)
        labels = scramble((operations.astype(np.uint64) + np.uint64(1)) * _SALTS[0])
        edges = adjacency.astype(np.uint64)
        refined = [labels]
        if self._direction != "out":
            refined += self._refine_labels(labels, edges)
        if self._direction != "in":
            refined += self._refine_labels(labels, edges.swapaxes(1, 2))
        # the level is part of the key, so that labels of different levels cannot collide
        keys = [scramble(labels[owner, vertex] + salt) for labels, salt in zip(refined, _LEVELS, strict=False)]
        owners, key = np.tile(owner, len(keys)), np.concatenate(keys)
        if self._unary:
            key = scramble(key + _count_occurrences(owners, key) * _SALTS[0])
        return Tokens(owners, key, np.repeat(np.arange(len(keys)), len(owner)))

    def _make_graphs(self, archs: Archs) -> tuple[Bools, Archs, Bools]:
        if self._live:
            graphs = compute_live_graphs(self.space, archs)
            return graphs.adjacency, graphs.operations, graphs.live
        whole = self.space.graphs(archs)
        return whole.adjacency.astype(bool), whole.operations, np.ones(whole.operations.shape, dtype=bool)

    def _refine_labels(self, labels: Keys, edges: Keys) -> list[Keys]:
        """Hash labels [n, v] with the multiset of their neighbours' labels (a sum of hashes, which has no order)."""
        refined = []
        for _ in range(self._depth):
            around = (edges * scramble(labels)[:, :, None]).sum(axis=1, dtype=np.uint64)
            labels = scramble(labels * _SALTS[0] + scramble(around + _SALTS[1]))
            refined.append(labels)
        return refined


def _count_occurrences(owner: Ints, key: Keys) -> Keys:
    """Return ``[p]`` the number of earlier equal keys of the same owner."""
    order = np.lexsort((key, owner))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(owner[order]) != 0) | (key[order][1:] != key[order][:-1])
    position = np.arange(len(order))
    before = np.empty(len(order), dtype=np.uint64)
    before[order] = position - np.maximum.accumulate(np.where(new, position, 0))
    return before
