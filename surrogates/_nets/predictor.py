"""A predictor whose model is a net: input tensors, training, predictions, and a state without pickle."""

from abc import abstractmethod

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.arrays import Archs, Floats
from nasbench.devices import find_device, torch_generator
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._nets.losses import RANKING, find_loss, read_std
from nasbench.surrogates._nets.training import TrainingSettings, train_members
from nasbench.surrogates._nets.weights import export_arrays, initialize_weights, load_arrays
from nasbench.surrogates._predictor import CheckedPredictor, State
from nasbench.threads import limit_to_one_thread

_CHUNK = 512  # architectures in one forward pass; bounds the memory
_LEARNING, _ANSWERING = torch.float32, torch.float64
_LEAST_STD = 1e-6  # in units of the target; members whose units all died agree, but are not certain


class NetPredictor(CheckedPredictor):
    """A neural predictor.

    Subclasses implement ``_encode_inputs`` and ``_build_net``, and set ``members`` if they are an ensemble. The net
    trains in float32, as usual, and predicts in float64; predictions in batches of any size then agree to far more
    digits than matter.

    A ranking loss does not determine the scale of the output. A line through the training points, fitted by least
    squares for each member, converts it to the target's units, and the residual variance adds to the spread of the
    members.

    Args:
        space: the search space of the architectures.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
        loss: one of ``LOSSES``; with ``gaussian`` the net has two outputs.
        training: the training settings.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    members: int = 1

    def __init__(self, space: SearchSpace, *, target: str, loss: str, training: TrainingSettings, device: str) -> None:
        super().__init__(space, target=target)
        self._loss_name, self._loss = loss, find_loss(loss)
        self._training, self._device = training, find_device(device)

    @abstractmethod
    def _encode_inputs(self, archs: Archs) -> tuple[Tensor, ...]:
        """Return the net's inputs for distinct architectures [n, d]: float64 tensors [n, ...]."""

    @abstractmethod
    def _build_net(self, inputs: tuple[Tensor, ...]) -> nn.Module:
        """Build the net for inputs of these widths: inputs [k, n, ...], output [k, n, outputs]."""

    def _prepare(self, archs: Archs) -> None:
        """Learn from the training architectures [n, d] what ``_encode_inputs`` needs; most nets need nothing."""

    @property
    def _outputs(self) -> int:
        return 2 if self._loss_name == "gaussian" else 1

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        self._prepare(batch.archs)
        generator = torch_generator(rng)
        inputs = self._move_inputs(self._encode_inputs(batch.archs))
        self._model = self._make_model(inputs)
        initialize_weights(self._model, generator)
        self._model.to(self._device, _LEARNING)
        goal = torch.from_numpy(value).to(self._device, _LEARNING)
        with limit_to_one_thread():
            self._learn(tuple(map(_convert_precision, inputs)), goal, generator)
        self._model.to(_ANSWERING)
        self._line = self._calibrate(batch.archs, value)

    def _learn(self, inputs: tuple[Tensor, ...], value: Tensor, generator: torch.Generator) -> None:
        """Train the model; methods with several phases override this."""
        train_members(
            self._model,
            inputs,
            value,
            loss=self._loss,
            training=self._training,
            members=self.members,
            generator=generator,
        )

    def _make_model(self, inputs: tuple[Tensor, ...]) -> nn.Module:
        with torch.device("meta"):  # on the meta device, torch's layers do not draw from the global generator
            net = self._build_net(inputs)
        return net.to(_ANSWERING).to_empty(device="cpu").eval()

    def _move_inputs(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(part.to(self._device) for part in inputs)

    def _calibrate(self, archs: Archs, value: Floats) -> Floats:
        """Return [k, 3]: slope and offset of each member's line from output to target, and the residual variance."""
        line = np.tile([1.0, 0.0, 0.0], (self.members, 1))
        if self._loss_name in RANKING:
            for member, output in zip(line, self._forward(archs)[..., 0].numpy(), strict=True):
                centred = output - output.mean()
                slope = max(
                    (centred @ value) / max(centred @ centred, 1e-12), 1e-12
                )  # positive, so that the order is never reversed
                offset = value.mean() - slope * output.mean()
                member[:] = slope, offset, ((value - slope * output - offset) ** 2).mean()
        return line

    def _forward(self, archs: Archs) -> Tensor:
        """Return the outputs [k, n, o] for architectures [n, d]."""
        parts = []
        with torch.no_grad(), limit_to_one_thread():
            for first in range(0, len(archs), _CHUNK):
                inputs = self._move_inputs(self._encode_inputs(archs[first : first + _CHUNK]))
                parts.append(self._model(*(part.expand(self.members, *part.shape) for part in inputs)).cpu())
        return torch.cat(parts, dim=1)

    def _predict(self, batch: Batch) -> tuple[Floats, Floats | None]:
        distinct, place = np.unique(batch.archs, axis=0, return_inverse=True)
        output = self._forward(distinct)[:, place.ravel()]
        means = output[..., 0].numpy() * self._line[:, :1] + self._line[:, 1:2]
        if self.members == 1 and self._outputs == 1:
            return means[0], None
        noise = read_std(output).numpy() ** 2 if self._outputs == 2 else self._line[:, 2:]
        return means.mean(axis=0), np.sqrt(means.var(axis=0) + noise.mean(axis=0) + _LEAST_STD**2)

    def _state(self) -> State:
        weights = {f"weights/{name}": array for name, array in export_arrays(self._model).items()}
        return weights | {"line": self._line}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        del value
        self._prepare(batch.archs)
        self._model = self._make_model(self._encode_inputs(batch.archs[:1]))
        weights = {name.removeprefix("weights/"): a for name, a in state.items() if name.startswith("weights/")}
        load_arrays(self._model, weights)
        self._model.to(self._device)
        self._line = state["line"]


def _convert_precision(part: Tensor) -> Tensor:
    """Return floating-point inputs in the training precision, and tokens unchanged."""
    return part.to(_LEARNING) if part.is_floating_point() else part
