"""The training loop of all nets: shuffled minibatches, one optimiser, an optional cosine learning rate."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nasbench.errors import InvalidOption, make_unknown_name
from nasbench.surrogates._nets.losses import Loss

_OPTIMISERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a net is trained.

    Attributes:
        epochs: passes over the training data.
        batch_size: architectures per step.
        lr: initial learning rate.
        weight_decay: weight decay of the optimiser; decoupled in ``adamw``.
        optimiser: ``adam``, ``adamw`` or ``sgd`` (with momentum 0.9).
        cosine: decrease the learning rate to zero along half a cosine, updated each epoch; otherwise it is constant.
        betas: decay rates of Adam's two moments.

    Raises:
        InvalidOption: a number is outside its range.
    """

    epochs: int
    batch_size: int
    lr: float
    weight_decay: float = 0.0
    optimiser: str = "adam"
    cosine: bool = True
    betas: tuple[float, float] = (0.9, 0.999)

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2 or not 0 < self.lr < math.inf or self.weight_decay < 0:
            raise InvalidOption(
                f"epochs={self.epochs}, batch_size={self.batch_size}, lr={self.lr}, weight_decay={self.weight_decay}; "
                "expected epochs from 1, batch_size from 2, a positive lr and no negative weight_decay"
            )
        if self.optimiser not in _OPTIMISERS:
            raise make_unknown_name("optimiser", self.optimiser, _OPTIMISERS)

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 0."""
        return self.lr * (1 + math.cos(math.pi * epoch / self.epochs)) / 2 if self.cosine else self.lr

    def make_optimiser(self, net: nn.Module) -> torch.optim.Optimizer:
        """Return a new optimiser of all weights, which become parts of one vector.

        Gradients accumulate in a second vector: clear them with ``zero_grad(set_to_none=False)``.
        """
        special = {"momentum": 0.9} if self.optimiser == "sgd" else {"betas": self.betas}
        kind = _OPTIMISERS[self.optimiser]
        return kind([_flatten_weights(net)], lr=self.lr, weight_decay=self.weight_decay, fused=True, **special)


def train_members(
    net: nn.Module,
    inputs: tuple[Tensor, ...],
    value: Tensor,
    *,
    loss: Loss,
    training: TrainingSettings,
    members: int,
    generator: torch.Generator,
) -> None:
    """Train all members of ``net`` in parallel, each with its own order of the data.

    The loop minimises the sum of the members' losses. Members share no weights, so each member's gradient is its own.
    A last batch of one architecture is left out of its epoch because neither a ranking nor a variance can be learnt
    from it.

    Args:
        net: maps [k, b, ...] tensors to [k, b, outputs]; it is left in evaluation mode.
        inputs: tensors [n, ...] on the net's device.
        value: [n] values to predict.
        loss: the loss to minimise.
        training: the training settings.
        members: k.
        generator: draws the order of the batches.
    """
    optimiser = training.make_optimiser(net)
    net.train()
    for epoch in range(training.epochs):
        for group in optimiser.param_groups:
            group["lr"] = training.rate(epoch)
        for rows in _draw_batches(value, training.batch_size, members, generator):
            optimiser.zero_grad(set_to_none=False)
            loss(net(*(part[rows] for part in inputs)), value[rows]).sum().backward()
            optimiser.step()
    net.eval()


def _flatten_weights(net: nn.Module) -> nn.Parameter:
    """Move all weights and their gradients into the memory of one vector, so that an optimiser step is cheap."""
    parts = list(net.parameters())
    whole = nn.Parameter(torch.cat([part.detach().flatten() for part in parts]))
    whole.grad = torch.zeros_like(whole)
    sizes = [part.numel() for part in parts]
    for part, value, grad in zip(parts, whole.detach().split(sizes), whole.grad.split(sizes), strict=True):
        part.data, part.grad = value.view_as(part), grad.view_as(part)
    return whole


def _draw_batches(value: Tensor, size: int, members: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield rows [k, b] of ``value`` [n], in a separate random order for each member."""
    n = len(value)
    order = torch.stack([torch.randperm(n, generator=generator) for _ in range(members)]).to(value.device)
    for first in range(0, n - 1, size):
        yield order[:, first : first + size]
