"""A Gaussian process summarised by inducing points: the collapsed variational bound, and their selection."""

import numpy as np
import torch
from gpytorch.kernels import MaternKernel
from torch import Tensor

from nasbench.arrays import Ints

_JITTER = 1e-8  # share of the signal variance: m chosen points are never fully independent


class Summary:
    """The best variational posterior of the process's values at m points; Titsias 2009, equations 9 and 10.

    Args:
        at: [m, f] inducing points, divided by the length scales.
        signal: variance of the process.
        noise: variance of an observation.
    """

    def __init__(self, at: Tensor, *, signal: Tensor, noise: Tensor) -> None:
        self._at, self._signal, self._noise = at, signal, noise
        m = len(at)
        self._eye = torch.eye(m, dtype=torch.float64)
        self._root = torch.linalg.cholesky(signal * (compute_matern(at, at) + _JITTER * self._eye))
        self._gram = torch.zeros((m, m), dtype=torch.float64)
        self._sums = torch.zeros(m, dtype=torch.float64)
        self._n, self._squares = 0, torch.zeros((), dtype=torch.float64)

    def add(self, x: Tensor, y: Tensor) -> None:
        """Add observations ``x`` [n, f] and ``y`` [n] to those seen before."""
        part = self._project(x)
        self._gram, self._sums = self._gram + part @ part.mT, self._sums + part @ y
        self._n, self._squares = self._n + len(y), self._squares + y.square().sum()

    def _project(self, x: Tensor) -> Tensor:
        return torch.linalg.solve_triangular(self._root, self._signal * compute_matern(self._at, x), upper=False)

    def solve(self) -> None:
        """Compute the quantities that ``bound`` and ``predict`` need, after all observations were added."""
        self._inner = torch.linalg.cholesky(self._eye + self._gram / self._noise)
        sums = self._sums[:, None] / self._noise
        self._half = torch.linalg.solve_triangular(self._inner, sums, upper=False)
        self._weights = torch.linalg.solve_triangular(self._inner.mT, self._half, upper=True)[:, 0]

    def bound(self) -> Tensor:
        """Return the lower bound on the log marginal likelihood of all added observations."""
        self.solve()
        lost = self._n * self._signal - self._gram.trace()  # variance that the inducing points do not explain
        fit = self._half.square().sum() - (self._squares + lost) / self._noise
        determinant = 2 * self._inner.diagonal().log().sum() + self._n * (2 * torch.pi * self._noise).log()
        return (fit - determinant) / 2

    def predict(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of an observation at ``x`` [k, f]; ``[k]`` each."""
        part = self._project(x)
        learnt = torch.linalg.solve_triangular(self._inner, part, upper=False)
        variance = (self._signal - part.square().sum(0)).clamp_min(0) + learnt.square().sum(0) + self._noise
        return self._weights @ part, variance.sqrt()


def compute_matern(x1: Tensor, x2: Tensor) -> Tensor:
    """Return GPyTorch's Matern kernel (nu = 5/2) of unit length between ``[n, f]`` and ``[m, f]``; ``[n, m]``."""
    kernel = MaternKernel(nu=2.5).double()
    kernel.lengthscale = 1.0
    kernel.requires_grad_(False)
    return kernel(x1, x2).to_dense()


def select_greedy_points(x: Tensor, most: int) -> Ints:
    """Return row numbers of ``x`` [n, f] chosen greedily: each is the most uncertain given those before it.

    This is a pivoted Cholesky factorisation. The result has fewer than ``most`` rows if they explain all others.
    """
    with torch.no_grad():
        left, chosen = torch.ones(len(x), dtype=torch.float64), []
        factor = torch.zeros((len(x), min(most, len(x))), dtype=torch.float64)
        for k in range(factor.shape[1]):
            best = int(left.argmax())
            if left[best] < 1e-6:
                break
            chosen.append(best)
            column = compute_matern(x, x[best : best + 1])[:, 0] - factor[:, :k] @ factor[best, :k]
            factor[:, k] = column / left[best].sqrt()
            left = (left - factor[:, k].square()).clamp_min(0)
            left[best] = 0
    return np.array(chosen, dtype=np.int64)
