"""Sum of the norms of the loss's gradients, layer by layer.

Source: Abdelfattah et al. 2021, "Zero-Cost Proxies for Lightweight NAS" (arXiv 2101.08134), section 3.1, and their
code: the Euclidean norm of the gradient of each convolution's and linear layer's weights after one minibatch, added up.
"""

from typing import ClassVar

from nasbench.proxies._probe import Probe

REQUIRES = {"torch": "torch"}


class GradNorm:
    """Adds norms of gradients."""

    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "maximize"

    def __call__(self, probe: Probe) -> float:
        """Return the sum over layers."""
        return float(sum(float(layer.gradient.norm()) for layer in probe.layers))
