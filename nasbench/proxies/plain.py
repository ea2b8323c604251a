"""Plain: weight times gradient, summed with its sign.

Source: Abdelfattah et al. 2021, "Zero-Cost Proxies for Lightweight NAS" (arXiv 2101.08134), in their code (``plain``),
after Mozer & Smolensky 1988, "Skeletonization". If normalisation follows a layer, the loss does not depend on the
scale of the layer's weights, and their sum is zero. Only the last linear layer and convolutions without normalisation
contribute.
"""

from typing import ClassVar

from nasbench.proxies._probe import Probe

REQUIRES = {"torch": "torch"}


class Plain:
    """Sum the signed sensitivities of weights."""

    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "maximize"

    def __call__(self, probe: Probe) -> float:
        """Return the sum over all weights."""
        return float(sum(float((layer.weight * layer.gradient).double().sum()) for layer in probe.layers))
