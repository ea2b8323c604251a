"""Progressive growth of architectures: from the plainest one of a space, one decision at a time.

The complexity of an architecture is the number of its decisions that differ from those of the plainest architecture,
the one with the fewest operations that compute something. To grow an architecture is to make an edit that raises its
complexity.
"""

import numpy as np

from nasbench.arrays import Archs, Ints
from nasbench.spaces import EnumeratedSpace, SearchSpace
from nasbench.strategies._pools import SeenSet

_STEPS = 200
_DRAWN = 64
_FRONTIER = 200  # architectures that grow further where one edit found nothing new


def find_plainest(space: SearchSpace) -> Archs:
    """Return the plainest architecture, [1, d]: the first of those with the least burden (see ``_compute_burden``).

    Where the space is not listed, descend by single edits from the plainest of 64 architectures, always the same.
    """
    if isinstance(space, EnumeratedSpace):
        return space.rows[_find_least(space, space.rows)]
    drawn = space.sample(_DRAWN, np.random.default_rng(0))
    arch = drawn[_find_least(space, drawn)]
    for _ in range(_STEPS):
        around = np.concatenate([arch, space.neighbors(arch)[0]])
        found = around[_find_least(space, around)]
        if (found == arch).all():
            break
        arch = found
    return arch


def _find_least(space: SearchSpace, archs: Archs) -> Ints:
    """Return the position of the plainest of [n, d], [1]; ties go to the one whose digits come first."""
    burden = [_compute_burden(space, archs[first : first + 4096]) for first in range(0, len(archs), 4096)]
    return np.lexsort((*archs.T[::-1], *np.concatenate(burden).T[::-1]))[:1]


def _compute_burden(space: SearchSpace, archs: Archs) -> Ints:
    """Return [n, 3]: vertices that compute something, vertices with an edge, edges."""
    graphs = space.graphs(archs)
    idle = {*space.identity_operations, *space.zero_operations, graphs.vocabulary[0], graphs.vocabulary[-1]}
    computes = np.array([name not in idle for name in graphs.vocabulary])[graphs.operations]
    adjacency = graphs.adjacency.astype(bool)
    used = adjacency.any(axis=1) | adjacency.any(axis=2)
    return np.stack([(computes & used).sum(axis=1), used.sum(axis=1), adjacency.sum(axis=(1, 2))], axis=1)


def expand(space: SearchSpace, archs: Archs, seed: Archs, *, most: int, rng: np.random.Generator) -> Archs:
    """Return the distinct neighbours of ``archs`` [n, d] that are farther from ``seed`` [1, d] than ``archs`` are.

    Architectures are expanded in order until ``most`` neighbours are found; ``[m, d]``, shuffled.
    """
    found: list[Archs] = [archs[:0]]
    for i in range(len(archs)):
        around, _ = space.neighbors(archs[i : i + 1])
        found.append(around[(around != seed).sum(axis=1) > (archs[i] != seed[0]).sum()])
        if sum(map(len, found)) >= most:
            break
    return rng.permutation(np.unique(np.concatenate(found), axis=0))


def expand_unseen(
    space: SearchSpace, archs: Archs, seed: Archs, seen: SeenSet, *, most: int, rng: np.random.Generator
) -> Archs:
    """Return the unseen architectures that ``archs`` grow into; grow through seen ones where one edit is not enough.

    NAS-Bench-101 needs this: a vertex needs two edges before it counts, so after one edit the cell is the same.
    """
    for _ in range(archs.shape[1]):
        archs = expand(space, archs, seed, most=most, rng=rng)
        if not len(archs) or len(fresh := seen.filter_unseen(archs)):
            return fresh if len(archs) else archs
        archs = archs[:_FRONTIER]
    return archs[:0]
