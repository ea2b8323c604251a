"""Deep power laws: an ensemble of nets that predict a power law of training time from an architecture.

Source: Kadra, Janowski, Wistuba & Grabocka 2023, "Scaling Laws for Hyperparameter Optimization", arXiv 2302.00441. A
net predicts a, b and c of the curve ``a + b t^-c``. Five such nets, with two hidden layers of 128 leaky rectified
units, minimise the absolute error over all seen values of all curves, in 250 epochs at a rate of 0.001.

What differs: a batch consists of 16 whole curves, not of 64 points. The source predicts only curves that it was
trained on. Here, for a new curve, each member's prediction is shifted by the curve's deviation from its power law at
the last epoch seen, times the share of such a deviation that remains at the end. The finished training curves give
this share for each epoch; for this purpose, each member leaves out a fifth of them. The residual of these curves,
together with the spread of the members, is the uncertainty. Without an encoding, all curves share one power law.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasbench.arrays import Floats
from nasbench.devices import torch_generator
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._curves.laws import LawPredictor
from nasbench.surrogates._nets import (
    Linear,
    TrainingSettings,
    export_arrays,
    initialize_weights,
    load_arrays,
    train_members,
)
from nasbench.surrogates._predictor import State
from nasbench.surrogates._scaled import COARSE
from nasbench.threads import limit_to_one_thread

REQUIRES = {"torch": "torch"}

_WIDTH, _BATCH, _RATE = 128, 16, 1e-3


class DPL(LawPredictor):
    """An ensemble of power laws.

    Args:
        space: the search space of the architectures.
        encoding: features that the nets read, see ``nasbench.encodings``; empty for none.
        members: number of nets.
        epochs: passes over the training curves.
    """

    def __init__(self, space: SearchSpace, *, encoding: str = COARSE, members: int = 5, epochs: int = 250) -> None:
        if members < 1:
            raise InvalidOption(f"members={members}; expected at least 1")
        super().__init__(space, encoding=encoding, members=members)
        self._training = TrainingSettings(epochs, batch_size=_BATCH, lr=_RATE, cosine=False)

    def _learn_laws(self, columns: Floats, goal: Floats, rng: np.random.Generator) -> None:
        generator = torch_generator(rng)
        self._model = self._make_model(columns.shape[1])
        initialize_weights(self._model, generator)
        with limit_to_one_thread():
            train_members(
                self._model,
                (torch.from_numpy(columns),),
                torch.from_numpy(goal),
                loss=_compute_absolute_error,
                training=self._training,
                members=self._members,
                generator=generator,
            )

    def _make_model(self, inputs: int) -> nn.Module:
        widths = ((inputs, _WIDTH), (_WIDTH, _WIDTH))
        hidden = [step for pair in widths for step in (Linear(self._members, *pair), nn.LeakyReLU())]
        return nn.Sequential(*hidden, Linear(self._members, _WIDTH, 3)).double()

    def _draw_laws(self, columns: Floats) -> Floats:
        x = torch.from_numpy(columns)
        with torch.no_grad(), limit_to_one_thread():
            laws: Floats = _compute_law(self._model(x.expand(self._members, *x.shape)), self._horizon).numpy()
        return laws

    def _state(self) -> State:
        return export_arrays(self._model) | {"fold": self._fold}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        batch, value = self._read_batch(batch, value)
        goal = self._prepare(batch, value)
        self._model, self._fold = self._make_model(self._columns(batch.archs).shape[1]), state["fold"]
        load_arrays(self._model, {name: array for name, array in state.items() if name != "fold"})
        self._calibrate(batch, goal)


def _compute_law(output: Tensor, epochs: int) -> Tensor:
    """Return the power laws ``[..., t]`` with the parameters encoded in outputs [..., 3]."""
    a, b, c = output.unbind(-1)
    time = torch.arange(1, epochs + 1, dtype=output.dtype)
    return a[..., None] + b[..., None] * time ** -F.softplus(c)[..., None]


def _compute_absolute_error(output: Tensor, dealt: Tensor) -> Tensor:
    """Return the mean absolute error ``[k]`` of outputs [k, b, 3] over each member's values in [k, b, k, t]."""
    curves = torch.einsum("kbkt->kbt", dealt)
    seen = ~curves.isnan()
    off = (_compute_law(output, curves.shape[-1]) - curves.nan_to_num()).abs()
    return (off * seen).sum((-2, -1)) / seen.sum((-2, -1)).clamp(min=1)
