"""DNGO: a neural net learns the features; Bayesian linear regression on its last layer gives the uncertainty.

Source: Snoek et al. 2015, "Scalable Bayesian Optimization Using Deep Neural Networks" (arXiv 1502.05700). Three layers
of 50 tanh units are trained to predict the score. A Bayesian linear regression on its 50 inputs then replaces the last
layer, averaged over precisions of weights and noise drawn from their posterior. Defaults are those of pybnn as used by
White et al. 2021 (arXiv 2104.01177): 500 epochs of Adam at 0.01, batches of 10, 20 walkers, 2,000 + 2,000 moves.

Differences: the regression has an intercept, and not the paper's quadratic mean, which is meant for the bowl shapes of
continuous parameters. pybnn leaves a smaller last batch out of each epoch; here it is used.
"""

import itertools

import torch
from torch import Tensor, nn

from nasbench.arrays import Archs
from nasbench.encodings import Encoding, make_encoding
from nasbench.errors import InvalidOption
from nasbench.spaces import SearchSpace
from nasbench.surrogates._blr import Sampling
from nasbench.surrogates._nets import Linear, TrainingSettings
from nasbench.surrogates.neural._last_layer import LastLayerRegression

REQUIRES = {"torch": "torch"}

_LAYERS = 3


class DNGO(LastLayerRegression):
    """Bayesian linear regression on learnt features.

    Args:
        space: the search space of the architectures.
        encoding: features that the net reads, see ``nasbench.encodings``.
        units: features of each layer.
        epochs: passes over the training data.
        lr: learning rate, constant.
        mcmc: number of precisions drawn from their posterior to average over; 0 uses those of the highest evidence.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = "one_hot",
        units: int = 50,
        epochs: int = 500,
        lr: float = 0.01,
        mcmc: int = 20,
        target: str = "score",
        device: str = "cpu",
    ) -> None:
        if units < 1:
            raise InvalidOption(f"units={units}; expected at least 1")
        training = TrainingSettings(epochs, 10, lr, cosine=False)
        super().__init__(space, target=target, loss="mse", training=training, device=device)
        self._encoding: Encoding = make_encoding(space, encoding)
        self._units = units
        self._sampling = Sampling(mcmc).checked() if mcmc else None

    def _prepare(self, archs: Archs) -> None:
        self._encoding.fit(archs)

    def _encode_inputs(self, archs: Archs) -> tuple[Tensor, ...]:
        return (torch.from_numpy(self._encoding.encode(archs)),)

    def _build_net(self, inputs: tuple[Tensor, ...]) -> nn.Module:
        return _Net(self.members, inputs[0].shape[-1], self._units)


class _Net(nn.Module):
    def __init__(self, members: int, inputs: int, units: int) -> None:
        super().__init__()
        widths = [inputs] + [units] * _LAYERS
        self.layers = nn.ModuleList(Linear(members, *pair) for pair in itertools.pairwise(widths))
        self.output = Linear(members, units, 1)

    def compute_basis(self, x: Tensor) -> Tensor:
        """Return the last hidden layer [k, n, units] for features [k, n, f]."""
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return x

    def forward(self, x: Tensor) -> Tensor:
        return self.output(self.compute_basis(x))
