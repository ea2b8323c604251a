"""A recurrent net that reads a learning curve epoch by epoch and predicts its end at each epoch.

Source: Gargiani, Klein, Falkner & Hutter 2019, "Probabilistic Rollouts for Learning Curve Extrapolation Across
Hyperparameter Settings", arXiv 1910.04522: recurrent nets with uncertainty, which read the configuration and the
curve, are trained on a few hundred curves.

Differences: the source samples the next epoch from the net's output and feeds it back until the end. Here each step
predicts the end directly, so one pass over the training curves teaches every length, and errors do not accumulate. The
net predicts the difference of the end from the median increment of the training curves, as a normal distribution in
units of the typical deviation. Gated recurrent units (Cho et al. 2014, arXiv 1406.1078), three small nets.
"""

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.arrays import Floats, Ints
from nasbench.devices import torch_generator
from nasbench.options import Count
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._curves import CurvePredictor, fill_gaps, find_last_epochs, require_curves
from nasbench.surrogates._curves.increments import compute_median_increments
from nasbench.surrogates._nets import (
    Dropout,
    Linear,
    TrainingSettings,
    export_arrays,
    initialize_weights,
    load_arrays,
    train_members,
)
from nasbench.surrogates._nets.losses import read_std
from nasbench.surrogates._predictor import State
from nasbench.surrogates._scaled import COARSE, ScaledColumns
from nasbench.threads import limit_to_one_thread

REQUIRES = {"torch": "torch"}

_READ = 3  # numbers read per epoch
_FAR = 4.0  # typical deviations; values are clipped here because beyond it a training run has failed
_LEAST_STD = 1e-4


class _Reader(nn.Module):
    """Gated recurrent units whose initial state depends on the architecture.

    Args:
        members: k.
        inputs: columns of an architecture.
        width: units.
    """

    def __init__(self, members: int, inputs: int, width: int) -> None:
        super().__init__()
        self.start, self.drop = Linear(members, inputs, width), Dropout(0.2)
        self.read, self.recall = Linear(members, _READ, 3 * width), Linear(members, width, 3 * width)
        self.answer = Linear(members, width, 2)

    def forward(self, columns: Tensor, read: Tensor) -> Tensor:
        """Return the outputs [k, n, t + 1, 2] before and after each epoch of [k, n, t, 3]."""
        state = torch.tanh(self.start(self.drop(columns)))
        states, parts = [state], self.read(read).unbind(2)
        for part in parts:
            gates, candidate = part.split([2 * state.shape[-1], state.shape[-1]], dim=-1)
            own_gates, own = self.recall(state).split([2 * state.shape[-1], state.shape[-1]], dim=-1)
            reset, keep = torch.sigmoid(gates + own_gates).chunk(2, dim=-1)
            state = keep * state + (1 - keep) * torch.tanh(candidate + reset * own)
            states.append(state)
        return self.answer(self.drop(torch.stack(states, dim=2)))


class Recurrent(CurvePredictor):
    """Small recurrent nets.

    Args:
        space: the search space of the architectures.
        encoding: features of an architecture, see ``nasbench.encodings``; empty for none.
        members: number of nets.
        width: units of each net.
        epochs: passes over the training curves.
    """

    learns_from_partial_curves = False
    handles_unseen = True

    def __init__(
        self, space: SearchSpace, *, encoding: str = COARSE, members: Count = 3, width: Count = 16, epochs: int = 30
    ) -> None:
        super().__init__(space)
        self._columns = ScaledColumns(space, encoding)
        self._members, self._width = members, width
        self._training = TrainingSettings(epochs, batch_size=32, lr=0.01, weight_decay=0.01, optimiser="adamw")

    def _learn(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        inputs, goal = self._prepare(batch, value)
        generator = torch_generator(rng)
        self._model = self._make_model(inputs)
        initialize_weights(self._model, generator)
        with limit_to_one_thread():
            train_members(
                self._model,
                inputs,
                torch.from_numpy(goal),
                loss=_compute_surprise,
                training=self._training,
                members=self._members,
                generator=generator,
            )

    def _prepare(self, batch: Batch, value: Floats) -> tuple[tuple[Tensor, ...], Floats]:
        """Learn columns and median increments; return the nets' inputs and their targets [n, t + 1]."""
        self._columns.fit(batch.archs)
        curves = self._standardize(require_curves(batch))
        end = (value - self._expected[0]) / self._expected[1]
        curves[:, -1] = end
        self._median, self._size = compute_median_increments(curves)
        base = np.concatenate([np.zeros((len(end), 1)), curves], axis=1)
        goal = (end[:, None] - base - self._median[:, -1]) / self._size[:, -1]
        goal[:, -1] = np.nan  # nothing to predict at the end
        return self._encode_inputs(batch, curves), goal.clip(-_FAR, _FAR)

    def _standardize(self, curves: Floats) -> Floats:
        mean, std = self._expected
        return fill_gaps((curves - mean) / std)

    def _encode_inputs(self, batch: Batch, curves: Floats) -> tuple[Tensor, ...]:
        """Return columns [n, f] and inputs per epoch [n, t, 3]: deviation from the median, its change, time."""
        known = np.nan_to_num(curves)
        among = ((known - self._median[0, 1:]) / self._size[0, 1:]).clip(-_FAR, _FAR)
        gain = np.diff(among, axis=1, prepend=among[:, :1]).clip(-_FAR, _FAR)
        time = np.broadcast_to(np.linspace(-1, 1, curves.shape[1]), curves.shape)
        return torch.from_numpy(self._columns(batch.archs)), torch.from_numpy(np.stack([among, gain, time], axis=2))

    def _make_model(self, inputs: tuple[Tensor, ...]) -> nn.Module:
        return _Reader(self._members, inputs[0].shape[1], self._width).double()

    def _extrapolate(self, batch: Batch) -> tuple[Floats, Floats]:
        curves = self._standardize(require_curves(batch))
        at = find_last_epochs(curves)
        columns, read = self._encode_inputs(batch, curves)
        inputs = columns, read[:, : max(int(at.max()), 1)]
        with torch.no_grad(), limit_to_one_thread():
            answers = self._model(*(part.expand(self._members, *part.shape) for part in inputs))
        answers = answers[:, torch.arange(len(at)), torch.from_numpy(at)]
        centre, spread = answers[..., 0].numpy(), read_std(answers).numpy()
        return self._convert_to_scores(
            curves, at, centre.mean(axis=0), np.sqrt((spread**2).mean(axis=0) + centre.var(axis=0))
        )

    def _convert_to_scores(self, curves: Floats, at: Ints, off: Floats, spread: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of final values from predictions [m] in units of the typical deviation."""
        base = np.where(at > 0, curves[np.arange(len(at)), at - 1], 0.0)
        ended = at == curves.shape[1]
        size = np.where(ended, 0.0, self._size[at, -1])
        mean, std = self._expected
        ends = base + np.where(ended, 0.0, self._median[at, -1]) + size * off
        return mean + std * ends, std * np.maximum(size * spread, _LEAST_STD)

    def _state(self) -> State:
        return export_arrays(self._model)

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        batch, value = self._read_batch(batch, value)
        inputs, _ = self._prepare(batch, value)
        self._model = self._make_model(inputs)
        load_arrays(self._model, state)
        self._model.eval()


def _compute_surprise(output: Tensor, goal: Tensor) -> Tensor:
    """Return the mean negative log-likelihood ``[k]`` of targets [k, n, t + 1], nan where there is none."""
    known, std = ~goal.isnan(), read_std(output)
    loss = torch.log(std) + 0.5 * ((goal.nan_to_num() - output[..., 0]) / std) ** 2
    return (loss * known).sum((-2, -1)) / known.sum((-2, -1)).clamp(min=1)
