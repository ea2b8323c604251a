"""Exact Gaussian-process regression from kernel matrices, whatever made them (Rasmussen & Williams 2006, 2.1)."""

import torch
from linear_operator.utils.cholesky import psd_safe_cholesky
from torch import Tensor


class Posterior:
    """What n observations say.

    Args:
        kernel: [n, n] prior covariance of the process at the training points.
        value: [n] observations.
        noise: their variance around the process.
    """

    def __init__(self, kernel: Tensor, value: Tensor, noise: float) -> None:
        self._noise = noise
        self._factor = psd_safe_cholesky(kernel + noise * torch.eye(len(value), dtype=torch.float64))
        self._weights = torch.cholesky_solve(value[:, None], self._factor)[:, 0]

    def predict(self, across: Tensor, prior: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of m new observations, ``[m]`` each.

        Args:
            across: [m, n] prior covariance with the training points.
            prior: [m] prior variance.
        """
        explained = torch.linalg.solve_triangular(self._factor, across.mT, upper=False).square().sum(0)
        return across @ self._weights, ((prior - explained).clamp_min(0) + self._noise).sqrt()
