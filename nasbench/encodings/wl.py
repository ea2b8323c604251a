"""Weisfeiler-Lehman labels: each vertex with its neighbourhood up to ``depth`` edges away, counted.

Source: Shervashidze et al. 2011, "Weisfeiler-Lehman Graph Kernels"; on architectures Ru et al. 2021,
NAS-BOWL, arXiv 2006.07556. The inner product of two count vectors is the WL subtree kernel. Labels are
hashes, not numbers in order of appearance, so that they do not depend on what else is encoded.
"""

import numpy as np

from nasbench.arrays import Archs, Bools
from nasbench.encodings._encoding import CountEncoding, Keys, Tokens, mixed
from nasbench.encodings._functional import live_graphs
from nasbench.errors import InvalidOption
from nasbench.spaces import SearchSpace

_DIRECTIONS = ("in", "out", "both")
_MOST = 10
_SALTS = mixed(np.arange(1, 4, dtype=np.uint64))
_LEVELS = mixed(np.arange(4, 5 + _MOST, dtype=np.uint64))


class WeisfeilerLehmanEncoding(CountEncoding):
    """Counts of refined vertex labels; group h holds the labels after h refinements.

    Args:
        space: where the architectures are from.
        depth: number of refinements.
        direction: refine by the vertices that lead in, by those that are led to (``out``), or by ``both``,
            kept apart.
        live: leave out vertices that do not carry anything to the output.
    """

    def __init__(self, space: SearchSpace, *, depth: int = 2, direction: str = "both", live: bool = True) -> None:
        super().__init__(space)
        if direction not in _DIRECTIONS:
            raise InvalidOption(f"direction is {direction!r}; expected one of {', '.join(_DIRECTIONS)}")
        if not 0 <= depth <= _MOST:
            raise InvalidOption(f"depth is {depth}; expected 0 to {_MOST}")
        self._depth, self._direction, self._live = depth, direction, live

    def tokens(self, archs: Archs) -> Tokens:
        """Return the labels of every vertex after 0 to ``depth`` refinements."""
        adjacency, operations, present = self._graphs(archs)
        owner, vertex = np.nonzero(present)
        labels = mixed((operations.astype(np.uint64) + np.uint64(1)) * _SALTS[0])
        edges = adjacency.astype(np.uint64)
        keys = [labels]
        for _ in range(self._depth):
            labels = self._refined(labels, edges)
            keys.append(labels)
        # the depth is part of the key: a label must not meet one of another level
        by_depth = [mixed(labels[owner, vertex] + salt) for labels, salt in zip(keys, _LEVELS, strict=False)]
        return Tokens(np.tile(owner, len(keys)), np.concatenate(by_depth), np.repeat(np.arange(len(keys)), len(owner)))

    def _graphs(self, archs: Archs) -> tuple[Bools, Archs, Bools]:
        if self._live:
            graphs = live_graphs(self.space, archs)
            return graphs.adjacency, graphs.operations, graphs.live
        whole = self.space.graphs(archs)
        return whole.adjacency.astype(bool), whole.operations, np.ones(whole.operations.shape, dtype=bool)

    def _refined(self, labels: Keys, edges: Keys) -> Keys:
        """Hash each label with the multiset of its neighbours' (a sum of scrambled labels has no order)."""
        refined = labels * _SALTS[0]
        scrambled = mixed(labels)[:, :, None]
        if self._direction in ("in", "both"):
            refined = refined + mixed((edges * scrambled).sum(axis=1, dtype=np.uint64) + _SALTS[1])
        if self._direction in ("out", "both"):
            refined = refined + mixed((edges.swapaxes(1, 2) * scrambled).sum(axis=1, dtype=np.uint64) + _SALTS[2])
        return mixed(refined)
