"""Sum of the gradient norms of all layers.

Source: Abdelfattah et al. 2021, "Zero-Cost Proxies for Lightweight NAS" (arXiv 2101.08134), section 3.1, and their
code: the Euclidean norm of the loss gradient of each convolution's and linear layer's weights after one minibatch,
summed over layers.
"""

from typing import ClassVar

from nasbench.proxies._probe import Probe

REQUIRES = {"torch": "torch"}


class GradNorm:
    """Sum the norms of gradients."""

    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "maximize"

    def __call__(self, probe: Probe) -> float:
        """Return the sum over layers."""
        return float(sum(float(layer.gradient.norm()) for layer in probe.layers))
