"""NASWOT: how differently the ReLUs of an untrained network respond to the images of a minibatch.

Source: Mellor, Turner, Storkey & Crowley 2021, "Neural Architecture Search without Training" (arXiv 2006.04647, third
version). Each image has a binary code that says which ReLUs are positive. The score is the logarithm of the
determinant of the kernel that counts agreements of the codes. ReLUs that the logits do not depend on are left out, as
in the authors' code. If two images have equal codes, the score is minus infinity and counts as missing.

Differences: an activation that is not an ``nn.ReLU`` module (the first step of a factorised reduction) is not counted,
as in their code.
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
