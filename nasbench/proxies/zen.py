"""Zen-score: the change of the features of a network with Gaussian weights when its input is perturbed.

Source: Lin et al. 2021, "Zen-NAS: A Zero-Shot NAS for High-Performance Deep Image Recognition" (arXiv 2102.01063),
algorithm 1 and the authors' code. Weights are standard normal and biases zero. For Gaussian images x and x + 0.01 x',
the proxy compares the features before the global average. The score is the logarithm of the mean over images of the
summed absolute difference, plus the logarithm of each normalisation's standard deviation, because normalisation would
otherwise hide the scale.

Differences: those of NASLib's version, which NAS-Bench-Suite-Zero used. Shortcuts stay, whereas Zen-NAS removes them
from its own blocks. The default is one repetition, whereas Zen-NAS takes the mean of 32.
"""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.errors import InvalidOption
from nasbench.networks import GlobalAverage, seed_torch
from nasbench.proxies._probe import Probe, list_weighted_layers

REQUIRES = {"torch": "torch"}
_MOMENTUM = 0.1  # share of the newest variance in the running variance, which the authors' code reads after both passes


class Zen:
    """Score the Gaussian complexity of the features.

    Args:
        repeats: number of repetitions (weights and images) to average.
        gamma: size of the perturbation.

    Raises:
        InvalidOption: ``repeats`` is below 1, or ``gamma`` is not positive.
    """

    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "maximize"

    def __init__(self, *, repeats: int = 1, gamma: float = 0.01) -> None:
        if repeats < 1 or not gamma > 0:
            raise InvalidOption(f"repeats={repeats}, gamma={gamma}; expected repeats from 1 and a positive gamma")
        self._repeats, self._gamma = repeats, gamma

    def __call__(self, probe: Probe) -> float:
        """Return the mean over repetitions."""
        with torch.no_grad(), seed_torch(probe.rng("zen")):
            return float(np.mean([self._score_once(probe) for _ in range(self._repeats)]))

    def _score_once(self, probe: Probe) -> float:
        network = probe.copy().cpu()  # draw on the CPU: the same numbers on every device
        for layer in list_weighted_layers(network):
            nn.init.normal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        normalisations = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)]
        for layer in normalisations:
            layer.momentum = _MOMENTUM
        images, change = (torch.randn(probe.images.shape).to(probe.images.device) for _ in range(2))
        network = network.to(probe.images.device)
        difference = _compute_features(network, images) - _compute_features(network, images + self._gamma * change)
        deviations = [layer.running_var.mean().sqrt().log() for layer in normalisations]
        return float(difference.abs().flatten(1).sum(1).mean().log() + sum(deviations))


def _compute_features(network: nn.Module, images: Tensor) -> Tensor:
    """Return the input of the global average."""
    entered: list[Tensor] = []
    *_, average = (layer for layer in network.modules() if isinstance(layer, GlobalAverage))
    handle = average.register_forward_pre_hook(lambda _, given: entered.append(given[0]))
    network(images)
    handle.remove()
    return entered[0]
