"""DNGO: a neural net learns the features, Bayesian linear regression on its last layer the uncertainty.

Source: Snoek et al. 2015, "Scalable Bayesian Optimization Using Deep Neural Networks" (arXiv 1502.05700).
Three layers of 50 tanh units are trained to predict the score; then the last layer is replaced by a Bayesian
linear regression on its 50 inputs, averaged over precisions of weights and noise that are drawn from their
posterior. Defaults are those of pybnn as used by White et al. 2021 (arXiv 2104.01177): 500 epochs of Adam at
0.01, batches of 10, 20 walkers, 2,000 + 2,000 moves.

Differences: the regression has an intercept of its own, and no quadratic mean as the paper puts in, which is
for the bowl shapes of continuous parameters. pybnn leaves a last, smaller batch out of each epoch; here it is used.
"""

import itertools
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.arrays import Archs, Floats
from nasbench.encodings import make_encoding
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from surrogates._blr import LinearPosterior, Sampling
from surrogates._nets import Linear, NetPredictor, Training, one_thread
from surrogates._predictor import State

REQUIRES = {"torch": "torch"}

_UNITS = 50
_LAYERS = 3
_CHUNK = 4096


class DNGO(NetPredictor):
    """Bayesian linear regression on learnt features.

    Args:
        space: where the architectures are from.
        encoding: what the net sees, see ``nasbench.encodings``.
        epochs: passes over the training data.
        lr: learning rate, constant.
        mcmc: average over so many precisions drawn from their posterior; 0 takes those of the highest evidence.
        target: what is learnt, ``score``, ``rank`` or ``log_error``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    quick: ClassVar[Mapping[str, Any]] = {"epochs": 20, "mcmc": 0}

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = "one_hot",
        epochs: int = 500,
        lr: float = 0.01,
        mcmc: int = 20,
        target: str = "score",
        device: str = "cpu",
    ) -> None:
        training = Training(epochs, 10, lr, cosine=False)
        super().__init__(space, target=target, loss="mse", training=training, device=device)
        self._encoding = make_encoding(space, encoding)
        self._sampling = Sampling(mcmc).checked() if mcmc else None

    def _prepare(self, archs: Archs) -> None:
        self._encoding.fit(archs)

    def _inputs(self, archs: Archs) -> tuple[Tensor, ...]:
        return (torch.from_numpy(self._encoding.encode(archs)),)

    def _net(self, inputs: tuple[Tensor, ...]) -> nn.Module:
        return _Net(self.members, inputs[0].shape[-1])

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        super()._fit(batch, value, rng)
        self._posterior = LinearPosterior(self._basis(batch.archs), value)
        self._logs = self._posterior.sampled(self._sampling, rng) if self._sampling else self._posterior.most_likely()

    def _basis(self, archs: Archs) -> Floats:
        """Return what the last layer sees of architectures [n, d]; ``[n, 50]``."""
        parts = []
        with torch.no_grad(), one_thread():
            for first in range(0, len(archs), _CHUNK):
                (x,) = self._moved(self._inputs(archs[first : first + _CHUNK]))
                parts.append(self._model.basis(x[None])[0].cpu().numpy())
        return np.concatenate(parts)

    def _predict(self, batch: Batch) -> tuple[Floats, Floats | None]:
        return self._posterior.predict(self._basis(batch.archs), self._logs)

    def _state(self) -> State:
        return super()._state() | {"logs": self._logs}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        super()._restore(state, batch, value)
        self._posterior, self._logs = LinearPosterior(self._basis(batch.archs), value), state["logs"]


class _Net(nn.Module):
    def __init__(self, members: int, inputs: int) -> None:
        super().__init__()
        widths = [inputs] + [_UNITS] * _LAYERS
        self.layers = nn.ModuleList(Linear(members, *pair) for pair in itertools.pairwise(widths))
        self.output = Linear(members, _UNITS, 1)

    def basis(self, x: Tensor) -> Tensor:
        """Return the last hidden layer [k, n, 50] for features [k, n, f]."""
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return x

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.basis(x))
