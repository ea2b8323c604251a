"""Multiply-adds for one image: like ``params``, a baseline that a proxy should beat.

Source: as a proxy, Ning et al. 2021, "Evaluating Efficient Performance Estimators of Neural Architectures" (arXiv
2008.03064), and NAS-Bench-Suite-Zero (Krishnakumar et al. 2022, arXiv 2210.03230).

Differences: only convolutions and linear layers are counted, as in NATS-Bench's files. NAS-Bench-Suite-Zero also
counts normalisation, ReLU and pooling.
"""

from typing import ClassVar

from nasbench.networks import count_costs
from nasbench.proxies._probe import Probe

REQUIRES = {"torch": "torch"}


class Flops:
    """Count multiply-adds."""

    unit: ClassVar[str] = "count"
    direction: ClassVar[str] = "minimize"

    def __call__(self, probe: Probe) -> float:
        """Return the number of multiply-adds."""
        return float(count_costs(probe.network, tuple(probe.images.shape[1:])).flops)
