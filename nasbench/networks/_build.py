"""Build a network of any space, and count its parameters and operations."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.arrays import Archs
from nasbench.choices import Choice, options_of
from nasbench.errors import InvalidOption
from nasbench.registry import NETWORKS
from nasbench.spaces import Party, SearchSpace, refuse_other_codes


class Counts(NamedTuple):
    """Size of a network.

    Attributes:
        n_params: number of trainable parameters.
        flops: multiply-adds of convolutions and linear layers for one image, and the additions of their
            biases: what NATS-Bench's files call FLOPs.
    """

    n_params: int
    flops: int


@contextmanager
def seed_torch(rng: np.random.Generator) -> Iterator[None]:
    """Let torch draw from a stream that ``rng`` seeds within the block; restore its own generators afterwards."""
    devices = list(range(torch.cuda.device_count()))
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(int(rng.integers(2**63)))
        yield


def check_network(name: str, space: SearchSpace) -> None:
    """Refuse networks that read the codes of another space, or of the same space with other options.

    A class of networks declares which codes it reads by the attribute ``space``, a name, and by ``space_options`` where
    these decide what codes mean. A class with an option ``space`` receives the space and uses it to read codes.

    Args:
        name: name of the networks, with or without options.
        space: space of the architectures.

    Raises:
        UnknownName: no networks of that name.
        MissingExtra: torch is not installed.
        InvalidOption: the spaces differ; the message names the contradiction.
    """
    label = Choice.parse(name)
    component = label.cls or NETWORKS.load(label.name)
    own, options = getattr(component, "space", space.name), getattr(component, "space_options", None)
    if own != space.name:
        raise InvalidOption(
            f"network '{label.name}' reads the codes of space '{own}', the architectures are of '{space.name}': choose "
            "a network of that space"
        )
    if options is not None:
        read = Party(f"network '{label.name}'", type(space)(**options))
        refuse_other_codes(read, Party("the searched space", space), "declare them alike, or take the option space")


def build_network(
    name: str, arch: Archs, rng: np.random.Generator, *, space: SearchSpace | None = None, **options: Any
) -> nn.Module:
    """Return the network of one architecture, on the CPU.

    Args:
        name: name of a space that has networks; or a label with options, ``nb201,channels=8,n_cells=1``.
        arch: [1, d] the architecture.
        rng: draws the weights.
        space: space of the architecture. Networks that read other codes are refused; networks with an option ``space``
            receive it.
        options: options of the network, such as ``n_classes``; they override those in the label.

    Raises:
        UnknownName: no networks of that name, or an option they do not have.
        MissingExtra: torch is not installed.
        InvalidArchitecture: not exactly one architecture of the space.
        InvalidOption: networks that read the codes of another space.
    """
    choice = Choice.parse(name)
    if space is not None:
        check_network(name, space)
        if "space" in options_of(choice.cls or NETWORKS.load(choice.name)):
            options["space"] = space
    cls, chosen = Choice(choice.name, choice.preset, {**choice.options, **options}).resolve(NETWORKS)
    with seed_torch(rng):
        network: nn.Module = cls(arch, **chosen)
    return network


def choose_options(n_classes: int, shape: tuple[int, ...]) -> dict[str, int]:
    """Return the options of a network that follow from its data: classes, and the shape of an image or a signal."""
    signals = {"axes": 1} if len(shape) == 2 else {}
    return {"n_classes": n_classes, "in_channels": shape[0], **signals}


def count_costs(network: nn.Module, shape: tuple[int, ...]) -> Counts:
    """Count parameters, and the multiply-adds of one forward pass in evaluation mode.

    Args:
        network: network on any device, including ``meta``, where nothing is computed.
        shape: of one image, such as (3, 32, 32).
    """
    flops = 0

    def watch(layer: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal flops
        per_output = layer.weight[0].numel() + (layer.bias is not None)
        flops += per_output * output[0].numel()

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Linear)]
    handles = [layer.register_forward_hook(watch) for layer in layers]
    was_training, device = network.training, next(network.parameters()).device
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, *shape, device=device))
    finally:
        network.train(was_training)
        for handle in handles:
            handle.remove()
    return Counts(sum(p.numel() for p in network.parameters() if p.requires_grad), flops)
