"""SynFlow: the logarithm of the flow through the network's absolute weights, without data.

Source: Tanaka, Kunin, Yamins & Ganguli 2020, "Pruning neural networks without any data by iteratively conserving
synaptic flow" (arXiv 2006.05467); as a proxy Abdelfattah et al. 2021 (arXiv 2101.08134), equation 2. All parameters
are replaced by their absolute values, normalisation is removed, and the input is an image of ones. The flow is the sum
of ``|weight x gradient|`` of the summed logits over convolutions and linear layers, in double precision.

Differences: the score is the logarithm of that sum, as NAS-Bench-Suite-Zero stores it. The order is the same, and the
sum spans tens of decades.
"""

from typing import ClassVar

import torch
from torch import nn

from nasbench.proxies._probe import Probe, list_weighted_layers

REQUIRES = {"torch": "torch"}


class Synflow:
    """Sum the synaptic saliencies."""

    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "maximize"

    def __call__(self, probe: Probe) -> float:
        """Return the logarithm of the sum over all weights; minus infinity if nothing flows."""
        network = probe.copy().double()
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                layer.forward = nn.Identity().forward
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.abs_()
        weights = [layer.weight for layer in list_weighted_layers(network)]
        flow = network(torch.ones_like(probe.images[:1], dtype=torch.float64)).sum()
        gradients = torch.autograd.grad(flow, weights, allow_unused=True)
        saliencies = (w * g for w, g in zip(weights, gradients, strict=True) if g is not None)
        return float(sum(s.detach().abs().sum() for s in saliencies).log())
