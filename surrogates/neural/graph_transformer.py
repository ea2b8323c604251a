"""Graph transformer: attention restricted to the ancestors and descendants of a vertex, learnt by ranking.

In the spirit of PINAT (Lu et al. 2023, arXiv 2211.11296: attention with positions from the graph's Laplacian) and
FlowerFormer (Hwang et al. 2024, arXiv 2403.12821: messages in the order of the flow, attention masked to vertices that
a path connects, and a margin ranking loss). The architecture is our own:

- The graph is what the architecture computes: dead vertices are dropped, so isomorphic architectures agree.
- Half of the heads see a vertex's ancestors, the other half its descendants, each including the vertex itself.
- Positions are numbers that do not depend on the numbering: degrees, the number of vertices before and after, and the
  diagonal of powers of the normalised Laplacian's complement. PINAT uses eigenvectors, whose sign is arbitrary.
- Blocks normalise first (Xiong et al. 2020, arXiv 2002.04745). The prediction uses the output vertex, which sees
  everything, and the mean over vertices.

The members differ in their initial weights and the order of the data. The uncertainty combines their spread with the
residual of the line that converts ranks to scores.
"""

from typing import Any

import torch
from torch import Tensor, nn

from nasbench.arrays import Archs
from nasbench.errors import InvalidOption
from nasbench.options import Count
from nasbench.spaces import SearchSpace
from nasbench.surrogates._nets import Dropout, LayerNorm, Linear, NetPredictor, TrainingSettings, make_graph_tensors

REQUIRES = {"torch": "torch"}

_DROPOUT = 0.1
_POWERS = (2, 3, 4)
_HEADS = 4


class GraphTransformer(NetPredictor):
    """Masked attention over the vertices of a cell.

    Args:
        space: the search space of the architectures.
        members: number of nets, trained in parallel.
        hidden: features of a vertex, a multiple of 4 (the heads).
        layers: blocks of attention and two-layer perceptron.
        loss: one of ``LOSSES``.
        epochs: passes over the training data.
        lr: initial learning rate of AdamW, in batches of 32.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        InvalidOption: ``members`` is below 1, or ``hidden`` is not a multiple of the number of heads.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        members: int = 3,
        hidden: int = 32,
        layers: Count = 3,
        loss: str = "bpr",
        epochs: int = 100,
        lr: float = 3e-3,
        target: str = "rank",
        device: str = "cpu",
    ) -> None:
        if members < 1 or hidden < _HEADS or hidden % _HEADS:
            raise InvalidOption(
                f"members={members}, hidden={hidden}; expected members from 1, and hidden a multiple of {_HEADS}"
            )
        training = TrainingSettings(epochs, 32, lr, weight_decay=0.01, optimiser="adamw")
        super().__init__(space, target=target, loss=loss, training=training, device=device)
        self.members = members
        self._shape: dict[str, Any] = {"hidden": hidden, "layers": layers}

    def _encode_inputs(self, archs: Archs) -> tuple[Tensor, ...]:
        adjacency, operations, present = make_graph_tensors(self._space, archs, live=True)
        above = _find_ancestors(adjacency)
        features = torch.cat([operations, _compute_positions(adjacency, above)], dim=-1)
        looks = torch.stack([above, above.transpose(1, 2)], dim=1) + torch.eye(above.shape[-1], dtype=above.dtype)
        return features, looks.clamp(max=1), present, operations[..., -1]

    def _build_net(self, inputs: tuple[Tensor, ...]) -> nn.Module:
        return _Net(self.members, inputs[0].shape[-1], outputs=self._outputs, **self._shape)


def _find_ancestors(adjacency: Tensor) -> Tensor:
    """Return [n, v, v]: 1 if the column's vertex leads to the row's by any path."""
    reached = adjacency.transpose(1, 2).contiguous()
    for _ in range(adjacency.shape[-1].bit_length()):  # doubles the length of the paths each time
        reached = (reached + reached @ reached).clamp(max=1)
    return reached


def _compute_positions(adjacency: Tensor, above: Tensor) -> Tensor:
    """Return [n, v, 4 + powers] features of a vertex's position in its graph."""
    v = adjacency.shape[-1]
    degrees = [adjacency.sum(1) / v, adjacency.sum(2) / v]
    flow = [above.sum(2) / v, above.sum(1) / v]
    either = adjacency + adjacency.transpose(1, 2)
    scale = either.sum(2).clamp(min=1).rsqrt()
    step = scale[:, :, None] * either * scale[:, None, :]
    returns = [torch.linalg.matrix_power(step, p).diagonal(dim1=1, dim2=2) for p in _POWERS]
    return torch.stack([*degrees, *flow, *returns], dim=-1)


class _Net(nn.Module):
    def __init__(self, members: int, inputs: int, *, outputs: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.start = Linear(members, inputs, hidden)
        self.blocks = nn.ModuleList(_Block(members, hidden) for _ in range(layers))
        self.norm = LayerNorm(members, 2 * hidden)
        self.output = Linear(members, 2 * hidden, outputs)

    def forward(self, features: Tensor, looks: Tensor, present: Tensor, last: Tensor) -> Tensor:
        x = self.start(features)
        for block in self.blocks:
            x = block(x, looks)
        mean = (x * present[..., None]).sum(-2) / present.sum(-1, keepdim=True)
        end = (x * last[..., None]).sum(-2)
        return self.output(self.norm(torch.cat([mean, end], dim=-1)))


class _Block(nn.Module):
    def __init__(self, members: int, hidden: int) -> None:
        super().__init__()
        self.before, self.between = LayerNorm(members, hidden), LayerNorm(members, hidden)
        self.project, self.merge = Linear(members, hidden, 3 * hidden), Linear(members, hidden, hidden)
        self.think = nn.Sequential(Linear(members, hidden, 2 * hidden), nn.GELU(), Linear(members, 2 * hidden, hidden))
        self.dropout = Dropout(_DROPOUT)

    def forward(self, x: Tensor, looks: Tensor) -> Tensor:
        """Map [k, n, v, hidden]; ``looks`` [k, n, 2, v, v] marks the vertices that each half of the heads sees."""
        x = x + self.dropout(self._compute_attention(self.before(x), looks))
        return x + self.dropout(self.think(self.between(x)))

    def _compute_attention(self, x: Tensor, looks: Tensor) -> Tensor:
        query, key, value = self.project(x).unflatten(-1, (3, _HEADS, -1)).permute(3, 0, 1, 4, 2, 5)
        seen = looks.repeat_interleave(_HEADS // 2, dim=-3)
        score = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
        weight = score.masked_fill(seen == 0, -torch.inf).softmax(-1)
        return self.merge((weight @ value).transpose(-3, -2).flatten(-2))
