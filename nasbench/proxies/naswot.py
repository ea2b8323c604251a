"""NASWOT: how differently an untrained network's ReLUs see the images of a minibatch.

Source: Mellor, Turner, Storkey & Crowley 2021, "Neural Architecture Search without Training" (arXiv 2006.04647, third
version): each image has a binary code, which ReLUs are positive; the score is the logarithm of the determinant of the
kernel that counts agreements of the codes. ReLUs that the logits do not depend on are left out, as in the authors'
code. Minus infinity, and so missing, where two images have equal codes.

Differences: an activation that is no ``nn.ReLU`` module (the first step of a factorised reduction) is not counted, as
in their code.
"""

from typing import ClassVar

import numpy as np

from nasbench.proxies._probe import Probe

REQUIRES = {"torch": "torch"}


class Naswot:
    """Log-determinant of the Hamming kernel."""

    unit: ClassVar[str] = "none"
    aliases: ClassVar[tuple[str, ...]] = ("nwot",)
    direction: ClassVar[str] = "maximize"

    def __call__(self, probe: Probe) -> float:
        """Return the logarithm of the determinant."""
        return float(np.linalg.slogdet(probe.kernel).logabsdet)
