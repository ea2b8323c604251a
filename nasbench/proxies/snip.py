"""SNIP: the absolute change of the loss if a weight were removed, summed over weights.

Source: Lee, Ajanthan & Torr 2019, "SNIP: Single-shot Network Pruning based on Connection Sensitivity" (arXiv
1810.02340); as a proxy Abdelfattah et al. 2021 (arXiv 2101.08134), equation 1: the sum of ``|weight x gradient|`` over
convolutions and linear layers. This product equals the derivative with respect to a mask on the weights, which the
paper uses.
"""

from typing import ClassVar

from nasbench.proxies._probe import Probe

REQUIRES = {"torch": "torch"}


class Snip:
    """Sum the absolute sensitivities of weights."""

    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "maximize"

    def __call__(self, probe: Probe) -> float:
        """Return the sum over all weights."""
        return float(sum(float((layer.weight * layer.gradient).abs().sum()) for layer in probe.layers))
