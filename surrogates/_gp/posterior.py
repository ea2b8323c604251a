"""Exact Gaussian-process regression from kernel matrices of any origin (Rasmussen & Williams 2006, 2.1)."""

from typing import Any

import torch
from linear_operator.utils.cholesky import psd_safe_cholesky
from torch import Tensor


class GPPosterior:
    """The posterior given n observations.

    Args:
        kernel: [n, n] prior covariance of the process at the training points.
        value: [n] observations.
        noise: variance of the observations around the process.
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


def compute_clipped_likelihood(kernel: Tensor, value: Tensor, noise: Tensor) -> Tensor:
    """Return the log marginal likelihood, up to a constant, of a matrix whose negative eigenvalues are set to zero.

    The gradient is that of a function of eigenvalues (Daleckii & Krein 1965). Unlike the gradient of the eigenvectors,
    it exists for equal eigenvalues.

    Args:
        kernel: [n, n] symmetric.
        value: [n] observations.
        noise: variance of the observations around the process.
    """
    return _ClippedLikelihood.apply(kernel, value, noise)


class _ClippedLikelihood(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, kernel: Tensor, value: Tensor, noise: Tensor) -> Tensor:
        values, vectors = torch.linalg.eigh(kernel)
        along, spread = vectors.mT @ value, values.clamp_min(0) + noise
        ctx.save_for_backward(values, vectors, along, spread)
        return -(along.square() / spread + spread.log()).sum() / 2

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, Tensor]:
        values, vectors, along, spread = ctx.saved_tensors
        cut = values.clamp_min(0)
        gap = values[:, None] - values
        equal = gap.abs() < 1e-9
        slope = torch.where(equal, (values > 0).double()[:, None], (cut[:, None] - cut) / torch.where(equal, 1.0, gap))
        weights = along / spread
        inner = slope * torch.outer(weights, weights) - torch.diag((values > 0) / spread)
        of_noise = (weights.square() - 1 / spread).sum() / 2
        return gradient * (vectors @ inner @ vectors.mT) / 2, None, gradient * of_noise
