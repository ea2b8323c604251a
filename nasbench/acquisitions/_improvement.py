"""The logarithm of expected improvement, numerically stable far into the tail."""

import numpy as np
from scipy.special import erfcx, ndtr

from nasbench.acquisitions._base import Posterior
from nasbench.arrays import Floats

_LOG_ROOT_2PI = np.log(2 * np.pi) / 2
_FAR = -1e3  # below it, 1 - sqrt(pi / 2) |z| erfcx(|z| / sqrt 2) loses its digits: use 1 / z^2 - 3 / z^4


def log_ei_helper(z: Floats) -> Floats:
    """Return the logarithm of ``phi(z) + z Phi(z)`` [m], accurate up to rounding for any ``z``.

    Ament et al. 2023 (arXiv 2310.20708), section 4.1; the name is BoTorch's.
    """
    near = np.maximum(z, -1.0)
    far = np.minimum(z, -1.0)
    direct: Floats = np.log(np.exp(-(near**2) / 2 - _LOG_ROOT_2PI) + near * ndtr(near))
    middle, beyond = np.maximum(far, _FAR), np.minimum(far, _FAR)  # each branch where it is exact
    close = np.log1p(np.sqrt(np.pi / 2) * erfcx(-middle / np.sqrt(2)) * middle)
    tail = np.where(far > _FAR, close, np.log1p(-3 / beyond**2) - 2 * np.log(-beyond))
    return np.where(z > -1.0, direct, -(far**2) / 2 - _LOG_ROOT_2PI + tail)


def log_expected_improvement(posterior: Posterior) -> Floats:
    """Return the logarithm of the expected improvement; ``[m]``."""
    return log_ei_helper(posterior.z) + np.log(posterior.std)
