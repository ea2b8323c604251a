"""Number of trainable parameters: a baseline that a proxy should beat.

Source: as a proxy, Ning et al. 2021, "Evaluating Efficient Performance Estimators of Neural Architectures" (arXiv
2008.03064), and NAS-Bench-Suite-Zero (Krishnakumar et al. 2022, arXiv 2210.03230), where few proxies beat it. Weights
that do not reach the output count too because the benchmarks train them.
"""

from typing import ClassVar

from nasbench.networks import count_costs
from nasbench.proxies._probe import Probe

REQUIRES = {"torch": "torch"}


class Params:
    """Count parameters."""

    unit: ClassVar[str] = "count"
    aliases: ClassVar[tuple[str, ...]] = ("n_params",)
    direction: ClassVar[str] = "minimize"

    def __call__(self, probe: Probe) -> float:
        """Return the number of parameters."""
        return float(count_costs(probe.network, tuple(probe.images.shape[1:])).n_params)
