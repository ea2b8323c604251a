"""The input of a proxy: an untrained network and a minibatch, and the passes that several proxies share."""

import copy
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.arrays import Floats


class Proxy(Protocol):
    """A proxy: one file in ``nasbench/proxies/``, whose constructor takes keyword options only.

    Attributes:
        unit: unit of the score, as in tables.
        direction: ``maximize``, or ``minimize`` if the score is a cost.
        aliases: names of the proxy in other tables; optional.
    """

    unit: str
    direction: str

    def __call__(self, probe: "Probe") -> float:
        """Return the score of a network; nan if the score is undefined."""
        ...


class Layer(NamedTuple):
    """A convolution or linear layer after back-propagation of the loss.

    Attributes:
        weight: its weights, detached.
        gradient: gradient of the loss with respect to the weights; zeros if the loss does not depend on them.
        gates: [b, channels] gradient of the loss with respect to a factor on each output channel of each image; zeros
            if the loss does not depend on it.
    """

    weight: Tensor
    gradient: Tensor
    gates: Tensor


def list_weighted_layers(network: nn.Module) -> list[Any]:
    """Return the layers whose weights proxies use: convolutions and linear layers, in order of definition."""
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Linear)]


@dataclass(frozen=True)
class Probe:
    """An untrained network and a minibatch. Quantities that several proxies need are computed once.

    Passes run in training mode, in which normalisation uses the minibatch's own moments, as in the reference
    implementations. The network itself is never changed.

    Attributes:
        network: untrained, in training mode, on the device of the images.
        images: [b, channels, ...] normalised.
        labels: [b] classes.
        entropy: seed of the random numbers that proxies draw.
    """

    network: nn.Module
    images: Tensor
    labels: Tensor
    entropy: Sequence[int] = (0,)

    def copy(self) -> Any:
        """Return a copy of the network that may be changed."""
        return copy.deepcopy(self.network)

    def rng(self, purpose: str) -> np.random.Generator:
        """Return a generator for one purpose; its numbers do not depend on what else is computed."""
        return np.random.default_rng([*self.entropy, zlib.crc32(purpose.encode())])

    def loss(self, network: nn.Module) -> Tensor:
        """Return the mean cross-entropy of the minibatch."""
        return nn.functional.cross_entropy(network(self.images), self.labels)

    @cached_property
    def layers(self) -> list[Layer]:
        """All weighted layers with the gradients of the loss, from one forward and one backward pass."""
        network = self.copy()
        modules = list_weighted_layers(network)
        gates = [module.weight.new_zeros(len(self.images), len(module.weight)) for module in modules]
        for module, gate in zip(modules, gates, strict=True):
            module.register_forward_hook(_make_hook(gate))
        weights = [module.weight for module in modules]
        gradients = torch.autograd.grad(self.loss(network), weights, allow_unused=True)
        return [
            Layer(weight.detach(), torch.zeros_like(weight) if gradient is None else gradient, gate)
            for weight, gradient, gate in zip(weights, gradients, gates, strict=True)
        ]

    @cached_property
    def _answer(self) -> tuple[Tensor, Tensor, Floats]:
        """The images, the logits computed from them, and the kernel of the ReLUs' binary codes."""
        network, outputs = self.copy(), list[Tensor]()
        for module in network.modules():
            if isinstance(module, nn.ReLU):
                module.register_forward_hook(lambda _, __, output: outputs.append(output))
        images = self.images.clone().requires_grad_()
        logits = network(images)
        return images, logits, _compute_hamming_kernel(outputs, logits, len(images))

    @cached_property
    def jacobian(self) -> Floats:
        """[b, numbers of an image] gradient of the sum of all logits with respect to the images; zeros if undefined."""
        images, logits, _ = self._answer
        (gradient,) = torch.autograd.grad(logits.sum(), images, allow_unused=True)
        rows: Floats = (torch.zeros_like(images) if gradient is None else gradient).flatten(1).double().cpu().numpy()
        return rows

    @property
    def n_classes(self) -> int:
        """Number of logits."""
        return int(self._answer[1].shape[1])

    @property
    def kernel(self) -> Floats:
        """[b, b] number of ReLUs with the same sign for both images, among the ReLUs that the logits depend on."""
        return self._answer[2]


def _make_hook(gate: Tensor) -> Any:
    """Return a hook that writes the loss gradient of a factor on each channel into ``gate`` [b, channels]."""

    def watch(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
        # detached: the output itself would keep its graph alive, and the graph the hook, forever
        activation = output.detach()

        def note(gradient: Tensor) -> None:
            gate.copy_((activation * gradient).reshape(*gate.shape, -1).sum(2))

        if output.requires_grad:
            output.register_hook(note)

    return watch


def _compute_hamming_kernel(outputs: Sequence[Tensor], logits: Tensor, b: int) -> Floats:
    """Count agreements. With signs +1 and -1, one product gives agreements minus disagreements."""
    kernel, reached = np.zeros((b, b)), _list_steps(logits)
    for output in outputs:
        if output.grad_fn in reached:
            signs = torch.where(output.detach().flatten(1) > 0, 1.0, -1.0)
            kernel += (signs.shape[1] + (signs @ signs.T).cpu().numpy().astype(np.float64)) / 2
    return kernel


def _list_steps(output: Tensor) -> set[Any]:
    """Return the computation steps that a tensor depends on."""
    found, waiting = set[Any](), [output.grad_fn] if output.grad_fn is not None else []
    while waiting:
        step = waiting.pop()
        if step not in found:
            found.add(step)
            waiting += [before for before, _ in step.next_functions if before is not None]
    return found
