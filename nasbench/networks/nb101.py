"""Networks of NAS-Bench-101: 128 channels, three stacks of three modules.

Source: Ying et al. 2019, arXiv 1902.09635, section 2 and appendix; how many channels a vertex has, how its
inputs are projected and truncated, follows the authors' ``model_builder``. Batch normalisation keeps
0.997 of its running mean, as there; weights start as torch's layers do.

The channels of vertices that feed the output need not divide evenly; the first ones get one more. So
isomorphic cells can differ by a few parameters: a row is built as it is, pruned but not canonicalised. All 788 cells of
EC-NAS have the recorded number of parameters when built as trained; 48 of them differ a little as canonical rows.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from nasbench.arrays import Archs, Bits
from nasbench.networks._layers import GlobalAverage, make_conv_norm_relu
from nasbench.networks._options import open_space, require_one, require_positive

REQUIRES = {"torch": "torch"}
_NORM_MOMENTUM = 0.003  # torch's momentum is the share that is replaced, TensorFlow's the share that is kept


def compute_vertex_channels(c_in: int, c_out: int, matrix: list[list[int]]) -> list[int]:
    """Return the channels of each vertex: inputs of the output share its channels, others take their users' maximum.

    Args:
        c_in: channels of the input vertex.
        c_out: channels of the output vertex.
        matrix: [v, v] pruned adjacency.
    """
    last = len(matrix) - 1
    channels = [0] * (last + 1)
    feeding = [v for v in range(1, last) if matrix[v][last]]
    for place, v in enumerate(feeding):
        channels[v] = c_out // len(feeding) + (place < c_out % len(feeding))
    for v in range(last - 1, 0, -1):
        if not matrix[v][last]:
            channels[v] = max(channels[user] for user in range(v + 1, last) if matrix[v][user])
    channels[0], channels[last] = c_in, c_out
    return channels


def _prune_graph(adjacency: Bits, operations: Archs, vocabulary: tuple[str, ...]) -> tuple[list[list[int]], list[str]]:
    """Leave the unused vertices out of a graph [7, 7]; return its matrix and the operations of inner vertices."""
    names = [vocabulary[i] for i in operations.tolist()]
    used = [v for v, name in enumerate(names) if name != "unused"]
    return adjacency[used][:, used].tolist(), [names[v] for v in used[1:-1]]


def _make_operation(name: str, channels: int) -> nn.Module:
    if name == "maxpool3x3":
        return nn.MaxPool2d(3, stride=1, padding=1)
    made: nn.Module = make_conv_norm_relu(channels, channels, 3 if name == "conv3x3-bn-relu" else 1)
    return made


class _Module(nn.Module):
    """One cell; inner vertices add up what they get, the output concatenates it."""

    def __init__(self, matrix: list[list[int]], operations: list[str], c_in: int, c_out: int) -> None:
        super().__init__()
        self.channels, self.matrix = compute_vertex_channels(c_in, c_out, matrix), matrix
        inner = range(1, len(matrix) - 1)
        self.operations = nn.ModuleList(_make_operation(operations[v - 1], self.channels[v]) for v in inner)
        users = [v for v in range(1, len(matrix)) if matrix[0][v]]
        self.projections = nn.ModuleDict({str(v): make_conv_norm_relu(c_in, self.channels[v], 1) for v in users})

    def forward(self, x: Tensor) -> Tensor:
        """Map [b, c_in, h, w] to [b, c_out, h, w]."""
        last = len(self.matrix) - 1
        outputs = [x]
        for v in range(1, last):
            width = self.channels[v]
            terms = [outputs[u][:, :width] for u in range(1, v) if self.matrix[u][v]]
            outputs.append(self.operations[v - 1](self._add_input(x, v, terms)))
        feeding = [outputs[v] for v in range(1, last) if self.matrix[v][last]]
        return self._add_input(x, last, [torch.cat(feeding, dim=1)] if feeding else [])

    def _add_input(self, x: Tensor, vertex: int, terms: list[Tensor]) -> Tensor:
        """Add the terms, and the projected input where the vertex uses it."""
        if self.matrix[0][vertex]:
            terms = [*terms, self.projections[str(vertex)](x)]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total


class NB101Network(nn.Module):
    """The network of one cell; widths double from stack to stack.

    Args:
        arch: [1, 26] the cell.
        n_classes: outputs.
        in_channels: of the images.
        channels: of the stem and the first stack.
        n_stacks: stacks, with a halving of the resolution between them.
        n_modules: cells in each stack.
    """

    space = "nb101"

    def __init__(
        self,
        arch: Archs,
        *,
        n_classes: int = 10,
        in_channels: int = 3,
        channels: int = 128,
        n_stacks: int = 3,
        n_modules: int = 3,
    ) -> None:
        super().__init__()
        require_positive(
            n_classes=n_classes, in_channels=in_channels, channels=channels, n_stacks=n_stacks, n_modules=n_modules
        )
        space = open_space(self.space)
        graphs = space.graphs(require_one(space, arch))
        matrix, operations = _prune_graph(graphs.adjacency[0], graphs.operations[0], graphs.vocabulary)
        widths = [channels, *(channels * 2**stack for stack in range(n_stacks) for _ in range(n_modules))]
        self.stem = make_conv_norm_relu(in_channels, channels, 3)
        self.modules_ = nn.ModuleList(_Module(matrix, operations, a, b) for a, b in pairwise(widths))
        self.n_modules = n_modules
        self.average = GlobalAverage()
        self.classifier = nn.Linear(widths[-1], n_classes)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = _NORM_MOMENTUM

    def forward(self, x: Tensor) -> Tensor:
        """Map images [b, in_channels, h, w] to logits [b, n_classes]."""
        x = self.stem(x)
        for place, module in enumerate(self.modules_):
            if place and place % self.n_modules == 0:
                x = nn.functional.max_pool2d(x, 2)
            x = module(x)
        return self.classifier(self.average(x))
