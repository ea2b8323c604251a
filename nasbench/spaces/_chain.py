"""Graphs of networks whose searched layers form a chain."""

import numpy as np

from nasbench.arrays import Archs, Ints
from nasbench.spaces._space import Graphs


def build_whole_chain(archs: Archs, operations: tuple[str, ...]) -> Graphs:
    """Return the graphs of networks in which every layer of ``archs`` [n, v] exists."""
    n, v = archs.shape
    return build_chain(archs + np.int8(1), np.full(n, v), ("input", *operations, "output"))


def build_chain(operations: Archs, length: Ints, vocabulary: tuple[str, ...]) -> Graphs:
    """Return graphs of ``v + 2`` vertices: the input, ``v`` layers, the output.

    Args:
        operations: [n, v] position of each layer's operation in ``vocabulary``.
        length: [n] number of connected layers; the layers after them are vertices without edges.
        vocabulary: the names, with the input first and the output last.
    """
    n, v = operations.shape
    adjacency = np.zeros((n, v + 2, v + 2), dtype=np.uint8)
    layers = np.arange(v)
    adjacency[:, layers, layers + 1] = layers < length[:, None]
    adjacency[np.arange(n), length, v + 1] = 1
    vertices = np.pad(operations, ((0, 0), (1, 1)))
    vertices[:, -1] = len(vocabulary) - 1
    return Graphs(adjacency, vertices, vocabulary)
