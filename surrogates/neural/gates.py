"""GATES: each operation is a gate on the information that flows through the cell, learnt by ranking.

Source: Ning, Zheng, Zhao, Wang & Yang 2020, "A Generic Graph-based Neural Architecture Encoding Scheme for
Predictor-based NAS" (arXiv 2004.01899), section 3.2, for operations on vertices. Virtual information starts at the
input. A vertex sums the information of its predecessors, transforms it, and lets it pass according to a sigmoid of its
operation's embedding. Defaults as in the authors' code (aw_nas, NAS-Bench-101): embeddings of 48, 96 features at the
start, five layers of 128, dropout 0.1, the mean over vertices without the input, an MLP of three layers of 200 with
dropout 0.1, hinge loss over pairs with margin 0.1, 200 epochs of Adam at 1e-3, batches of 512.

Differences: only large tables fill such a batch; with fewer training runs, all are in one batch. The learning rate is
constant, as in their code. A line through the training points converts the output to the units of the target.
"""

from typing import Any

import torch
from torch import Tensor, nn

from nasbench.arrays import Archs
from nasbench.options import Count
from nasbench.spaces import SearchSpace
from nasbench.surrogates._nets import Dropout, Linear, NetPredictor, TrainingSettings, make_graph_tensors

REQUIRES = {"torch": "torch"}

_EMBEDDING, _START, _HEAD, _DROPOUT = 48, 96, 200, 0.1


class GATES(NetPredictor):
    """Operations as gates on information flow.

    Args:
        space: the search space of the architectures.
        loss: ``hinge``, or another of ``LOSSES``.
        layers: number of steps of the information flow.
        hidden: number of features of the information.
        epochs: passes over the training data.
        batch_size: architectures per step; pairs are formed within a batch.
        lr: learning rate.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        loss: str = "hinge",
        layers: Count = 5,
        hidden: Count = 128,
        epochs: int = 200,
        batch_size: int = 512,
        lr: float = 1e-3,
        target: str = "score",
        device: str = "cpu",
    ) -> None:
        training = TrainingSettings(epochs, batch_size, lr, cosine=False)
        super().__init__(space, target=target, loss=loss, training=training, device=device)
        self._shape: dict[str, Any] = {"layers": layers, "hidden": hidden}

    def _encode_inputs(self, archs: Archs) -> tuple[Tensor, ...]:
        adjacency, operations, present = make_graph_tensors(self._space, archs)
        return adjacency.transpose(1, 2).contiguous(), operations, present

    def _build_net(self, inputs: tuple[Tensor, ...]) -> nn.Module:
        return _Net(self.members, inputs[1].shape[-1], outputs=self._outputs, **self._shape)


class _Net(nn.Module):
    def __init__(self, members: int, inputs: int, *, outputs: int, layers: int, hidden: int) -> None:
        super().__init__()
        self.start = Linear(members, 1, _START)  # at the input; elsewhere only the bias, as nothing has arrived
        self.embedding = Linear(members, inputs, _EMBEDDING, bias=False)
        widths = [_START] + [hidden] * (layers - 1)
        self.layers = nn.ModuleList(_Flow(members, width, hidden) for width in widths)
        self.dropout = Dropout(_DROPOUT)
        steps = [(Linear(members, width, _HEAD), nn.ReLU(), Dropout(_DROPOUT)) for width in (hidden, _HEAD, _HEAD)]
        self.head = nn.Sequential(*(part for step in steps for part in step))
        self.output = Linear(members, _HEAD, outputs)

    def forward(self, incoming: Tensor, operations: Tensor, present: Tensor) -> Tensor:
        source = operations[..., :1]
        x, embedding = self.start(source), self.embedding(operations)
        for i, layer in enumerate(self.layers):
            x = layer(x if i == 0 else self.dropout(torch.relu(x)), incoming, embedding)
        counted = present[..., None] * (1 - source)
        pooled = (x * counted).sum(-2) / counted.sum(-2)
        return self.output(self.head(pooled))


class _Flow(nn.Module):
    def __init__(self, members: int, inputs: int, hidden: int) -> None:
        super().__init__()
        self.weight = Linear(members, inputs, hidden, bias=False)
        self.gate = Linear(members, _EMBEDDING, hidden)

    def forward(self, x: Tensor, incoming: Tensor, embedding: Tensor) -> Tensor:
        """Add the gated incoming information to the information that each vertex holds."""
        held = self.weight(x)
        return torch.sigmoid(self.gate(embedding)) * (incoming @ held) + held
