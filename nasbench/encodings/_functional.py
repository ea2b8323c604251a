"""The computation that an architecture performs: its graph without dead vertices, and its paths.

A vertex is live if it lies on a path from the input to the output that no zero operation cuts
(``space.zero_operations``). Identity operations (``space.identity_operations``) do not appear in a path.
"""

from typing import NamedTuple

import numpy as np

from nasbench.arrays import Archs, Bools, Ints
from nasbench.encodings._encoding import Keys, scramble
from nasbench.spaces import SearchSpace

_STEP = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplication by it is invertible


class LiveGraphs(NamedTuple):
    """A batch of graphs reduced to the vertices that contribute to the output.

    Attributes:
        adjacency: [n, v, v] edges between live vertices, in topological order.
        operations: [n, v] positions in ``vocabulary``.
        live: [n, v] whether each vertex is live.
        vocabulary: names of the operations; input first, output last.
        working: [k] positions in ``vocabulary`` of the operations that change their input.
    """

    adjacency: Bools
    operations: Archs
    live: Bools
    vocabulary: tuple[str, ...]
    working: Ints


def compute_live_graphs(space: SearchSpace, archs: Archs) -> LiveGraphs:
    """Return the computation graphs of architectures [n, d] without dead vertices."""
    graphs = space.graphs(archs)
    names, v = graphs.vocabulary, graphs.adjacency.shape[1]
    adjacency = graphs.adjacency.astype(bool)
    carries = ~np.isin(graphs.operations, [i for i, name in enumerate(names) if name in space.zero_operations])
    from_input = carries & (graphs.operations == 0)
    to_output = carries & (graphs.operations == len(names) - 1)
    for j in range(1, v):
        from_input[:, j] |= carries[:, j] & (from_input[:, :j] & adjacency[:, :j, j]).any(axis=1)
    for i in range(v - 2, -1, -1):
        to_output[:, i] |= carries[:, i] & (to_output[:, i + 1 :] & adjacency[:, i, i + 1 :]).any(axis=1)
    live = from_input & to_output
    idle = {names[0], names[-1], *space.zero_operations, *space.identity_operations}
    working = np.array([i for i, name in enumerate(names) if name not in idle], dtype=np.int64)
    return LiveGraphs(adjacency & live[:, :, None] & live[:, None, :], graphs.operations, live, names, working)


class Paths(NamedTuple):
    """All paths from input to output in a batch of architectures.

    Attributes:
        owner: [p] row of the architecture.
        key: [p] hash of the sequence of working operations.
        counts: [p, k] number of occurrences of each working operation.
    """

    owner: Ints
    key: Keys
    counts: Ints


def find_functional_paths(space: SearchSpace, archs: Archs) -> Paths:
    """Follow all paths from the input to the output for all architectures at once, one vertex per round."""
    graphs = compute_live_graphs(space, archs)
    k, output = len(graphs.working), len(graphs.vocabulary) - 1
    column = np.full(output + 1, k)
    column[graphs.working] = np.arange(k)
    code = np.where(column < k, np.arange(1, output + 2), 0).astype(np.uint64)
    owner, vertex = np.nonzero(graphs.live & (graphs.operations == 0))
    key, counts = np.ones(len(owner), dtype=np.uint64), np.zeros((len(owner), k + 1), dtype=np.int64)
    finished = []
    while len(owner):
        came_from, vertex = np.nonzero(graphs.adjacency[owner, vertex])
        owner, counts = owner[came_from], counts[came_from]
        operation = graphs.operations[owner, vertex]
        key = np.where(code[operation] > 0, scramble(key[came_from] * _STEP + code[operation]), key[came_from])
        counts[np.arange(len(owner)), column[operation]] += 1
        done = operation == output
        finished.append(Paths(owner[done], key[done], counts[done, :k]))
        owner, vertex, key, counts = owner[~done], vertex[~done], key[~done], counts[~done]
    if not finished:
        return Paths(owner, key, counts[:, :k])
    return Paths(*(np.concatenate(parts) for parts in zip(*finished, strict=True)))
