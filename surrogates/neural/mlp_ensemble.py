"""MLP ensemble: five narrow, deep nets on the path encoding; their spread is the uncertainty (BANANAS).

Source: White, Neiswanger & Savani 2019, "BANANAS: Bayesian Optimization with Neural Architectures for Neural
Architecture Search" (arXiv 1910.11858): 10 hidden layers of 20 units, mean absolute error, Adam. Defaults are those of
its code (``naszilla``: 5 members, 150 epochs, batches of 32, constant learning rate 0.01, second moment's decay 0.99,
Glorot's weights and zero biases, as in Keras).

Differences: the target is scaled to unit variance first; theirs is an error in percent, but Adam is almost insensitive
to this scale. Any other encoding of the space can replace ``path``; ``decisions`` does where a space has no paths.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from nasbench.arrays import Archs
from nasbench.encodings import list_encodings, make_encoding
from nasbench.errors import InvalidOption
from nasbench.spaces import SearchSpace
from nasbench.surrogates._nets import Linear, NetPredictor, TrainingSettings
from nasbench.surrogates._tabular import BY_DECISION

REQUIRES = {"torch": "torch"}

_WIDTH = 20  # units of a hidden layer


class MLPEnsemble(NetPredictor):
    """An ensemble of multi-layer perceptrons.

    Args:
        space: the search space of the architectures.
        encoding: features that the nets read, see ``nasbench.encodings``; by default ``path``, or ``decisions`` in a
            space without paths.
        members: number of nets, which differ in their initial weights and the order of the data.
        layers: hidden layers, of 20 units each.
        epochs: passes over the training data.
        lr: learning rate of Adam.
        loss: ``mae``, or another of ``LOSSES``.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        InvalidOption: there is no member or no layer, or ``path`` is asked for in a space without paths.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"naszilla": {}}

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str | None = None,
        members: int = 5,
        layers: int = 10,
        epochs: int = 150,
        lr: float = 0.01,
        loss: str = "mae",
        target: str = "score",
        device: str = "cpu",
    ) -> None:
        if members < 1 or layers < 1:
            raise InvalidOption(f"members={members} and layers={layers}; expected at least 1 each")
        if encoding is None:
            encoding = "path" if "path" in space.encodings else BY_DECISION
        if encoding == "path" and encoding not in space.encodings:
            raise InvalidOption(
                f"space '{space.name}' has no paths; choose encoding= {', '.join(list_encodings(space))}"
            )
        training = TrainingSettings(epochs, batch_size=32, lr=lr, cosine=False, betas=(0.9, 0.99))
        super().__init__(space, target=target, loss=loss, training=training, device=device)
        self._encoding = make_encoding(space, encoding)
        self.members, self._layers = members, layers

    def _prepare(self, archs: Archs) -> None:
        self._encoding.fit(archs)

    def _encode_inputs(self, archs: Archs) -> tuple[Tensor, ...]:
        return (torch.from_numpy(self._encoding.encode(archs)),)

    def _learn(self, inputs: tuple[Tensor, ...], value: Tensor, generator: torch.Generator) -> None:
        """Train without the features that no training architecture has: their weights would keep their initial values.

        A search has seen a few hundred of NAS-Bench-Graph's 7,380 paths.
        """
        seen = inputs[0].any(dim=0)
        first = self._model[0]
        weight = first.weight.detach()
        first.weight = nn.Parameter(weight[:, seen])
        super()._learn((inputs[0][:, seen],), value, generator)
        weight[:, seen] = first.weight.detach()
        first.weight = nn.Parameter(weight)

    def _build_net(self, inputs: tuple[Tensor, ...]) -> nn.Module:
        widths = [inputs[0].shape[-1]] + [_WIDTH] * self._layers
        hidden = (Linear(self.members, *pair, xavier=True) for pair in pairwise(widths))
        steps = [step for layer in hidden for step in (layer, nn.ReLU())]
        return nn.Sequential(*steps, Linear(self.members, _WIDTH, self._outputs, xavier=True))
