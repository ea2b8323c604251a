"""Cells as dense batches of tensors: adjacency, one-hot operations, and which vertices exist."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nasbench.arrays import Archs
from nasbench.encodings import compute_live_graphs
from nasbench.spaces import SearchSpace


class GraphTensors(NamedTuple):
    """A batch of graphs; nets receive them with the axis of members in front.

    Attributes:
        adjacency: [n, v, v] 1 if an edge leads from the row's vertex to the column's.
        operations: [n, v, o] one-hot.
        present: [n, v] 1 for a vertex of the graph, 0 for padding.
    """

    adjacency: Tensor
    operations: Tensor
    present: Tensor


def make_graph_tensors(space: SearchSpace, archs: Archs, *, live: bool = False) -> GraphTensors:
    """Return the graphs of architectures [n, d] as float64 tensors.

    A vertex without any edge is padding, except for the input and the output.

    Args:
        space: the search space of the architectures.
        archs: [n, d] valid rows.
        live: remove the vertices that lie on no path from the input to the output.
    """
    if live:
        graphs = compute_live_graphs(space, archs)
        adjacency, operations, vocabulary = graphs.adjacency, graphs.operations, graphs.vocabulary
    else:
        every = space.graphs(archs)
        adjacency, operations, vocabulary = every.adjacency.astype(bool), every.operations, every.vocabulary
    ends = (operations == 0) | (operations == len(vocabulary) - 1)
    present = adjacency.any(axis=1) | adjacency.any(axis=2) | ends
    one_hot = np.eye(len(vocabulary))[operations] * present[:, :, None]
    return GraphTensors(*(torch.from_numpy(part.astype(np.float64)) for part in (adjacency, one_hot, present)))
