"""Graph transformer: attention that only looks up and down the flow of a cell, learnt by ranking.

In the spirit of PINAT (Lu et al. 2023, arXiv 2211.11296: attention with positions from the graph's
Laplacian) and FlowerFormer (Hwang et al. 2024, arXiv 2403.12821: messages in the order of the flow, and
attention masked to vertices that a path connects; margin ranking loss). The architecture is our own:

- The graph is what the architecture computes: vertices off every working path are dropped, so twins agree.
- Half of the heads see a vertex's ancestors, the other half its descendants, each with itself.
- Positions are numbers that no renumbering changes: degrees, how many vertices come before and after, and
  the diagonal of powers of the normalised Laplacian's complement, where PINAT takes eigenvectors, whose
  sign is arbitrary.
- Blocks normalise first (Xiong et al. 2020, arXiv 2002.04745). The output vertex, which sees everything,
  and the mean over vertices give the answer.

The members differ in their first weights and the order of the data; their spread, and
what is left around the line that turns ranks into scores, is the uncertainty.
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
        space: where the architectures are from.
        members: nets trained side by side.
        hidden: features of a vertex, a multiple of 4 (the heads).
        layers: blocks of attention and two-layer perceptron.
        loss: one of ``LOSSES``.
        epochs: passes over the training data.
        lr: first learning rate of AdamW, in batches of 32.
        target: what is learnt, ``score``, ``rank`` or ``log_error``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        InvalidOption: no member, or a width that the heads do not divide.
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
            raise InvalidOption(f"members={members}, hidden={hidden}; expected a member, and a multiple of {_HEADS}")
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
    """Return [n, v, v]: 1 where the column's vertex leads, by any path, to the row's."""
    reached = adjacency.transpose(1, 2).contiguous()
    for _ in range(adjacency.shape[-1].bit_length()):  # paths up to twice as long each time
        reached = (reached + reached @ reached).clamp(max=1)
    return reached


def _compute_positions(adjacency: Tensor, above: Tensor) -> Tensor:
    """Return [n, v, 4 + powers] features that say where in its graph a vertex is."""
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
        """Map [k, n, v, hidden], ``looks`` [k, n, 2, v, v] telling which vertices each half of the heads sees."""
        x = x + self.dropout(self._compute_attention(self.before(x), looks))
        return x + self.dropout(self.think(self.between(x)))

    def _compute_attention(self, x: Tensor, looks: Tensor) -> Tensor:
        query, key, value = self.project(x).unflatten(-1, (3, _HEADS, -1)).permute(3, 0, 1, 4, 2, 5)
        seen = looks.repeat_interleave(_HEADS // 2, dim=-3)
        score = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
        weight = score.masked_fill(seen == 0, -torch.inf).softmax(-1)
        return self.merge((weight @ value).transpose(-3, -2).flatten(-2))
