"""Kernels on feature vectors whose columns come in groups, each group with a weight or length of its own.

They are ordinary GPyTorch kernels: batches, gradients and BoTorch work with them. Fitting uses that each
is a function of ``statistics`` (inner products or distances per group), which do not depend on the
hyperparameters and are computed once.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from gpytorch.kernels import Kernel
from torch import Tensor

_TINY = 1e-12

Statistics = tuple[Tensor, ...]


class GroupedKernel(Kernel):
    """A kernel that compares groups of columns.

    Args:
        sizes: number of columns of each of g groups, side by side.

    Attributes:
        log_scales: [g] logarithm of each group's weight or length.
    """

    has_lengthscale = False

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.sizes = list(sizes)
        self.register_parameter("log_scales", torch.nn.Parameter(torch.zeros(len(self.sizes), dtype=torch.float64)))
        self.register_buffer("_group", torch.repeat_interleave(torch.arange(len(self.sizes)), torch.tensor(self.sizes)))

    @abstractmethod
    def statistics(self, x1: Tensor, x2: Tensor) -> Statistics:
        """Return what the kernel needs of every pair of rows, group by group; ``[..., g, n, m]`` and others."""

    @abstractmethod
    def from_statistics(self, statistics: Statistics) -> Tensor:
        """Return the kernel matrix; ``[..., n, m]``."""

    @abstractmethod
    def _compared(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Return the kernel matrix of features whose columns were multiplied by their groups' ``_factors``."""

    @abstractmethod
    def _factors(self) -> Tensor:
        """Return what the columns of each group [g] are to be multiplied by."""

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **_: Any) -> Tensor:
        """Return the kernel of ``[..., n, f]`` and ``[..., m, f]`` features; ``[..., n, m]`` or ``[..., n]``."""
        factors = self._factors()[self._group]
        x1, x2 = x1 * factors, x2 * factors
        if diag:
            return self._compared(x1.unsqueeze(-2), x2.unsqueeze(-2)).squeeze(-1).squeeze(-1)
        return self._compared(x1, x2)

    def _pairs(self, x1: Tensor, x2: Tensor) -> list[tuple[Tensor, Tensor]]:
        return list(zip(x1.split(self.sizes, dim=-1), x2.split(self.sizes, dim=-1), strict=True))


def _squared_distances(x1: Tensor, x2: Tensor) -> Tensor:
    lengths = x1.square().sum(-1).unsqueeze(-1) + x2.square().sum(-1).unsqueeze(-2)
    return (lengths - 2 * x1 @ x2.mT).clamp_min(0)


def _weighted(statistics: Tensor, weights: Tensor) -> Tensor:
    return torch.einsum("...gnm,g->...nm", statistics, weights)


class MaternKernel(GroupedKernel):
    """Matern kernel (nu = 5/2) or RBF of the distance in which each group has a length of its own.

    Args:
        sizes: number of columns of each group.
        smooth: RBF, the limit of Matern kernels, instead.
    """

    def __init__(self, sizes: Sequence[int], *, smooth: bool = False) -> None:
        super().__init__(sizes)
        self._smooth = smooth

    def statistics(self, x1: Tensor, x2: Tensor) -> Statistics:
        """Return squared distances [..., g, n, m]."""
        return (torch.stack([_squared_distances(a, b) for a, b in self._pairs(x1, x2)], dim=-3),)

    def from_statistics(self, statistics: Statistics) -> Tensor:
        """Return the kernel of the summed squared distances."""
        return self._of_squared(_weighted(statistics[0], self._factors().square()))

    def _factors(self) -> Tensor:
        return torch.exp(-self.log_scales)

    def _compared(self, x1: Tensor, x2: Tensor) -> Tensor:
        return self._of_squared(_squared_distances(x1, x2))

    def _of_squared(self, squared: Tensor) -> Tensor:
        """Return exp(-r^2 / 2), or (1 + sqrt(5) r + 5 r^2 / 3) exp(-sqrt(5) r)."""
        if self._smooth:
            return torch.exp(-squared / 2)
        r = torch.sqrt(5 * squared + _TINY)
        return (1 + r + r.square() / 3) * torch.exp(-r)


class HammingKernel(GroupedKernel):
    """exp of minus the weighted share of decisions that differ; groups are one-hot coded decisions.

    The kernel for categorical variables of SMAC (Hutter, Hoos & Leyton-Brown 2011), a weight for each decision.
    """

    def statistics(self, x1: Tensor, x2: Tensor) -> Statistics:
        """Return 1 where a decision is the same, 0 where it differs; [..., g, n, m]."""
        return (torch.stack([a @ b.mT for a, b in self._pairs(x1, x2)], dim=-3),)

    def from_statistics(self, statistics: Statistics) -> Tensor:
        """Return the kernel of the weighted sum of what is the same."""
        return self._of_same(_weighted(statistics[0], self._factors().square()))

    def _factors(self) -> Tensor:
        return torch.exp(-self.log_scales / 2) / len(self.sizes) ** 0.5

    def _compared(self, x1: Tensor, x2: Tensor) -> Tensor:
        return self._of_same(x1 @ x2.mT)

    def _of_same(self, same: Tensor) -> Tensor:
        return torch.exp(same - self._factors().square().sum())


class SubtreeKernel(GroupedKernel):
    """Weighted inner products of each group's counts, divided by the root of both self-similarities.

    On Weisfeiler-Lehman label counts the subtree kernel (Shervashidze et al. 2011), with a weight for each
    depth; on counts that are told apart by number, the optimal assignment kernel (Kriege, Giscard & Wilson
    2016, arXiv 1606.01141).
    """

    def statistics(self, x1: Tensor, x2: Tensor) -> Statistics:
        """Return similarities [..., g, n, m] of pairs, and [..., n, g], [..., m, g] of each with itself."""
        pairs = self._pairs(x1, x2)
        own1, own2 = (torch.stack([x.square().sum(-1) for x in side], dim=-1) for side in zip(*pairs, strict=True))
        return torch.stack([a @ b.mT for a, b in pairs], dim=-3), own1, own2

    def from_statistics(self, statistics: Statistics) -> Tensor:
        """Return the normalised kernel."""
        between, own1, own2 = statistics
        weights = self._factors().square()
        return _normalized(_weighted(between, weights), own1 @ weights, own2 @ weights)

    def _factors(self) -> Tensor:
        return torch.exp(self.log_scales / 2)

    def _compared(self, x1: Tensor, x2: Tensor) -> Tensor:
        return _normalized(x1 @ x2.mT, x1.square().sum(-1), x2.square().sum(-1))


def _normalized(between: Tensor, own1: Tensor, own2: Tensor) -> Tensor:
    # an architecture in which nothing lives has no labels: it is like nothing, not even itself
    roots1, roots2 = (torch.rsqrt(own.clamp_min(_TINY)) for own in (own1, own2))
    return between * roots1.unsqueeze(-1) * roots2.unsqueeze(-2)
