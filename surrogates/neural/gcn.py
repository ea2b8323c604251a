"""GCN: a graph convolution network that passes messages along and against the edges.

Source: Wen, Liu, Li, Chen, Bender & Kindermans 2019, "Neural Predictor for Neural Architecture Search" (arXiv
1912.00848). Each layer averages a convolution with the adjacency and one with its transpose, with self-loops added and
rows normalised. The mean over vertices passes through two linear layers (128, 1) with dropout 0.1 between them.
Defaults are NASLib's (4 layers of 144, batches of 7, weight decay 3e-4); the preset ``wen2019`` is the paper's (3
layers, batches of 10, weight decay 1e-3). Both train for 300 epochs of Adam at 1e-4 along a cosine, with squared
error.

Differences: NASLib accumulates the gradients of all steps, since it never clears them; here each step has its own.
NASLib normalises the transpose of the normalised adjacency; here, as in the paper, both are normalised in the same
way. The cascade with a classifier before the regression, for spaces with failed training runs, is left out.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from nasbench.arrays import Archs
from nasbench.options import Count
from nasbench.spaces import SearchSpace
from nasbench.surrogates._nets import Dropout, Linear, NetPredictor, TrainingSettings, make_graph_tensors

REQUIRES = {"torch": "torch"}

_HEAD = 128
_DROPOUT = 0.1


class GCN(NetPredictor):
    """Graph convolutions in both directions.

    Args:
        space: the search space of the architectures.
        hidden: features of a vertex.
        layers: number of graph convolutions.
        epochs: passes over the training data.
        batch_size: architectures per step.
        lr: initial learning rate.
        weight_decay: weight decay of Adam.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "naslib": {},
        "wen2019": {"layers": 3, "batch_size": 10, "weight_decay": 1e-3},
    }

    def __init__(
        self,
        space: SearchSpace,
        *,
        hidden: Count = 144,
        layers: Count = 4,
        epochs: int = 300,
        batch_size: int = 7,
        lr: float = 1e-4,
        weight_decay: float = 3e-4,
        target: str = "score",
        device: str = "cpu",
    ) -> None:
        training = TrainingSettings(epochs, batch_size, lr, weight_decay)
        super().__init__(space, target=target, loss="mse", training=training, device=device)
        self._hidden, self._layers = hidden, layers

    def _encode_inputs(self, archs: Archs) -> tuple[Tensor, ...]:
        return make_graph_tensors(self._space, archs)

    def _build_net(self, inputs: tuple[Tensor, ...]) -> nn.Module:
        return _Net(self.members, inputs[1].shape[-1], self._hidden, self._layers)


class _Net(nn.Module):
    def __init__(self, members: int, inputs: int, hidden: int, layers: int) -> None:
        super().__init__()
        widths = [inputs] + [hidden] * layers
        self.layers = nn.ModuleList(_Convolution(members, *pair) for pair in pairwise(widths))
        self.head = Linear(members, hidden, _HEAD, bias=False)
        self.dropout = Dropout(_DROPOUT)
        self.output = Linear(members, _HEAD, 1, bias=False)

    def forward(self, adjacency: Tensor, operations: Tensor, present: Tensor) -> Tensor:
        loops = adjacency + torch.diag_embed(present)
        both = torch.stack([loops, loops.transpose(-2, -1)], dim=-3)
        both = both / both.sum(-1, keepdim=True).clamp(min=1)
        x = operations
        for layer in self.layers:
            x = layer(x, both)
        pooled = (x * present[..., None]).sum(-2) / present.sum(-1, keepdim=True)
        return self.output(self.dropout(self.head(pooled)))


class _Convolution(nn.Module):
    """Convolutions in both directions, side by side, so that each step is one product."""

    def __init__(self, members: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.along, self.against = (Linear(members, inputs, outputs, bias=False, xavier=True) for _ in range(2))
        self.dropout = Dropout(_DROPOUT)

    def forward(self, x: Tensor, both: Tensor) -> Tensor:
        """Map [k, n, v, inputs] with the two adjacencies [k, n, 2, v, v] to [k, n, v, outputs]."""
        messages = torch.stack([self.along(x), self.against(x)], dim=-3)
        return self.dropout(torch.relu(both @ messages).mean(-3))
