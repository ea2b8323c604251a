"""The cell of four nodes that NAS-Bench-201, NATS-Bench and TransNAS-Bench-101 share."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from nasbench.networks._layers import Zero
from nasbench.spaces import CELL_EDGES

Operation = Callable[[int, int, int], nn.Module]
"""Makes the operation of an edge from channels in, channels out and stride."""


class Cell(nn.Module):
    """A cell in which each node sums one operation of every earlier node; the last node is the output.

    Edges from the input change width and resolution, the others keep them. Edges with the zero operation are left
    out of sums; a node with only such edges is zero.

    Args:
        operations: of the six edges, in the order of ``CELL_EDGES``.
        c_in: channels of the input.
        c_out: channels of the other nodes.
        stride: of the edges out of the input.
    """

    def __init__(self, operations: Sequence[Operation], c_in: int, c_out: int, stride: int = 1) -> None:
        super().__init__()
        self.edges = nn.ModuleDict()
        for (source, target), operation in zip(CELL_EDGES, operations, strict=True):
            edge = operation(c_out, c_out, 1) if source else operation(c_in, c_out, stride)
            self.edges[f"{source}_{target}"] = edge

    def forward(self, x: Tensor) -> Tensor:
        """Map [b, c_in, ...] to [b, c_out, ...]."""
        nodes = [x]
        for target in (1, 2, 3):
            edges = [(self.edges[f"{source}_{target}"], nodes[source]) for source in range(target)]
            summands = [(edge, node) for edge, node in edges if not isinstance(edge, Zero)]
            nodes.append(_sum_terms([edge(node) for edge, node in summands or edges[:1]]))
        return nodes[3]


def _sum_terms(terms: Sequence[Tensor]) -> Tensor:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
