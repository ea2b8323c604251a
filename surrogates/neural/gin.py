"""GIN: a graph isomorphism network, the predictor that guides NPENAS.

Source: Wei, Niu, Tang, Wang, Hu & Liang 2020, "NPENAS: Neural Predictor Guided Evolution for Neural Architecture
Search" (arXiv 2003.12857): three layers of Xu et al.'s GIN (arXiv 1810.00826) with 32 features, batch normalisation
after each, the mean over vertices, 16 units with dropout 0.1. ``npenas_np`` (the defaults) outputs one number and
minimises the squared error; ``npenas_bo`` outputs mean and standard deviation and maximises their likelihood. Training
as in their code: 300 epochs of Adam at 0.005 along a cosine, decay rates (0, 0.9), batches of 16, weight decay 1e-4.
NAS-Bench-301 fits the same kind of net (Siems et al. 2020, arXiv 2008.09777).

Differences: the output does not pass through a sigmoid because targets here are centred at zero. Biases have the
learning rate and the weight decay of all weights, not twice that rate. In the source, vertices receive from their
predecessors. With ``direction=both`` they receive from their successors too, which ranks better from few
architectures.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from nasbench.arrays import Archs
from nasbench.errors import make_unknown_name
from nasbench.options import Count
from nasbench.spaces import SearchSpace
from nasbench.surrogates._nets import BatchNorm, Dropout, Linear, NetPredictor, TrainingSettings, make_graph_tensors

REQUIRES = {"torch": "torch"}

_LAYERS, _HEAD, _DROPOUT = 3, 16, 0.1
_DIRECTIONS = ("both", "along", "against")


class GIN(NetPredictor):
    """Graph isomorphism layers.

    Args:
        space: the search space of the architectures.
        loss: ``mse``, ``gaussian`` for a standard deviation too, or another of ``LOSSES``.
        direction: direction of the messages: ``along`` or ``against`` the edges, or ``both``.
        hidden: features of a vertex.
        epochs: passes over the training data.
        batch_size: architectures per step.
        lr: initial learning rate.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        UnknownName: the direction does not exist.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"npenas_np": {}, "npenas_bo": {"loss": "gaussian"}}

    def __init__(
        self,
        space: SearchSpace,
        *,
        loss: str = "mse",
        direction: str = "along",
        hidden: Count = 32,
        epochs: int = 300,
        batch_size: int = 16,
        lr: float = 0.005,
        target: str = "score",
        device: str = "cpu",
    ) -> None:
        if direction not in _DIRECTIONS:
            raise make_unknown_name("direction", direction, _DIRECTIONS)
        training = TrainingSettings(epochs, batch_size, lr, weight_decay=1e-4, betas=(0.0, 0.9))
        super().__init__(space, target=target, loss=loss, training=training, device=device)
        self._direction, self._hidden = direction, hidden

    def _encode_inputs(self, archs: Archs) -> tuple[Tensor, ...]:
        adjacency, operations, present = make_graph_tensors(self._space, archs)
        incoming = adjacency.transpose(1, 2)
        hears = {"both": adjacency + incoming, "along": incoming, "against": adjacency}[self._direction]
        return hears, operations, present

    def _build_net(self, inputs: tuple[Tensor, ...]) -> nn.Module:
        return _Net(self.members, inputs[1].shape[-1], self._hidden, self._outputs)


class _Net(nn.Module):
    def __init__(self, members: int, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        widths = [inputs] + [hidden] * (_LAYERS - 1)
        self.layers = nn.ModuleList(_Layer(members, width, hidden) for width in widths)
        self.head = Linear(members, hidden, _HEAD)
        self.dropout = Dropout(_DROPOUT)
        self.output = Linear(members, _HEAD, outputs)

    def forward(self, hears: Tensor, operations: Tensor, present: Tensor) -> Tensor:
        x = operations
        for layer in self.layers:
            x = layer(x, hears, present)
        pooled = (x * present[..., None]).sum(-2) / present.sum(-1, keepdim=True)
        return self.output(self.dropout(nn.functional.celu(self.head(pooled))))


class _Layer(nn.Module):
    def __init__(self, members: int, inputs: int, hidden: int) -> None:
        super().__init__()
        self.first, self.second = Linear(members, inputs, hidden), Linear(members, hidden, hidden)
        self.norm = BatchNorm(members, hidden)

    def forward(self, x: Tensor, hears: Tensor, present: Tensor) -> Tensor:
        """Map [k, n, v, inputs] to [k, n, v, hidden]: Xu et al., equation 4.1, epsilon zero."""
        mixed = self.second(torch.relu(self.first(x + hears @ x)))
        return self.norm(nn.functional.celu(mixed), present)
