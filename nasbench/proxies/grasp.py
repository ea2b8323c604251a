"""GraSP: the change of the gradient flow if a weight were removed, summed over weights.

Source: Wang, Zhang & Grosse 2020, "Picking Winning Tickets Before Training by Preserving Gradient Flow" (arXiv
2002.07376); as a proxy Abdelfattah et al. 2021 (arXiv 2101.08134): the sum of ``-weight x (H g)``, where g is the
gradient of the loss with respect to the weights of convolutions and linear layers, and H is the Hessian. The
temperature is 1 and there is one minibatch, as in their code.
"""

from typing import ClassVar

import torch

from nasbench.proxies._probe import Probe, list_weighted_layers

REQUIRES = {"torch": "torch"}


class Grasp:
    """Sum the changes of the gradient flow."""

    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "maximize"

    def __call__(self, probe: Probe) -> float:
        """Return the sum over all weights."""
        network = probe.copy()
        weights = [layer.weight for layer in list_weighted_layers(network)]
        gradients = torch.autograd.grad(probe.loss(network), weights, create_graph=True, allow_unused=True)
        flow = sum((gradient * gradient.detach()).sum() for gradient in gradients if gradient is not None)
        products = torch.autograd.grad(flow, weights, allow_unused=True)
        changes = (weight * product for weight, product in zip(weights, products, strict=True) if product is not None)
        return -float(sum(float(change.detach().double().sum()) for change in changes))
