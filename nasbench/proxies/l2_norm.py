"""Sum of the weight norms of all layers; it uses neither data nor gradients.

Source: Abdelfattah et al. 2021, "Zero-Cost Proxies for Lightweight NAS" (arXiv 2101.08134), and their code
(``l2_norm``): the Euclidean norm of the weights of each convolution and linear layer, summed over layers. With random
initial weights, the proxy counts layers and their outputs. With torch's initialisation, a 1x1 and a 3x3 convolution
have the same norm.
"""

from typing import ClassVar

from nasbench.proxies._probe import Probe, list_weighted_layers

REQUIRES = {"torch": "torch"}


class L2Norm:
    """Sum the norms of weights."""

    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "maximize"

    def __call__(self, probe: Probe) -> float:
        """Return the sum over layers."""
        return float(sum(float(layer.weight.detach().norm()) for layer in list_weighted_layers(probe.network)))
