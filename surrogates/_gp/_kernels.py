"""Kernels on feature vectors whose columns come in groups, each group with a weight or length of its own.

They are ordinary GPyTorch kernels: batches, gradients and BoTorch work with them. Each is a function of
inner products alone, weighted by group. These do not depend on the hyperparameters, so fitting computes
them once, and where counts are sparse so is the product.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from gpytorch.kernels import Kernel
from torch import Tensor

_TINY = 1e-12


class Products(NamedTuple):
    """Inner products of the rows of two feature matrices.

    Attributes:
        between: [..., n, m] of each pair.
        own1, own2: [..., n] and [..., m] of each with itself.
    """

    between: Tensor
    own1: Tensor
    own2: Tensor

    @classmethod
    def of(cls, x1: Tensor, x2: Tensor) -> "Products":
        """Multiply features [..., n, f] and [..., m, f]."""
        return cls(x1 @ x2.mT, x1.square().sum(-1), x2.square().sum(-1))

    @property
    def squared_distances(self) -> Tensor:
        """[..., n, m] squared Euclidean distances."""
        return (self.own1.unsqueeze(-1) + self.own2.unsqueeze(-2) - 2 * self.between).clamp_min(0)


class GroupedKernel(Kernel):
    """A kernel that weighs groups of columns.

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
    def factors(self) -> Tensor:
        """Return what the columns of each group [g] are multiplied by before they are compared."""

    @abstractmethod
    def of_products(self, products: Products) -> Tensor:
        """Return the kernel matrix [..., n, m] of features that were multiplied by the factors."""

    @property
    def column_factors(self) -> Tensor:
        """[f] the factor of each column."""
        return self.factors()[self._group]

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **_: Any) -> Tensor:
        """Return the kernel of ``[..., n, f]`` and ``[..., m, f]`` features; ``[..., n, m]`` or ``[..., n]``."""
        x1, x2 = x1 * self.column_factors, x2 * self.column_factors
        if diag:
            return self.of_products(Products.of(x1.unsqueeze(-2), x2.unsqueeze(-2))).squeeze(-1).squeeze(-1)
        return self.of_products(Products.of(x1, x2))

    def by_group(self, x: Tensor) -> Products:
        """Return the products of features [n, f] with themselves, group by group; ``[g, n, n]`` and ``[g, n]``."""
        parts = [Products.of(part, part) for part in x.split(self.sizes, dim=-1)]
        return Products(*(torch.stack(of_groups) for of_groups in zip(*parts, strict=True)))

    def of_groups(self, products: Products) -> Tensor:
        """Return what ``forward`` does, from ``by_group``."""
        weights = self.factors().square()
        return self.of_products(Products(*(torch.tensordot(weights, part, dims=1) for part in products)))


class MaternKernel(GroupedKernel):
    """Matern kernel (nu = 5/2) or RBF of the distance in which each group has a length of its own.

    Args:
        sizes: number of columns of each group.
        smooth: RBF, the limit of Matern kernels, instead.
    """

    def __init__(self, sizes: Sequence[int], *, smooth: bool = False) -> None:
        super().__init__(sizes)
        self._smooth = smooth

    def factors(self) -> Tensor:
        """Return the inverse lengths."""
        return torch.exp(-self.log_scales)

    def of_products(self, products: Products) -> Tensor:
        """Return exp(-r^2 / 2), or (1 + sqrt(5) r + 5 r^2 / 3) exp(-sqrt(5) r)."""
        squared = products.squared_distances
        if self._smooth:
            return torch.exp(-squared / 2)
        r = torch.sqrt(5 * squared + _TINY)
        return (1 + r + r.square() / 3) * torch.exp(-r)


class HammingKernel(GroupedKernel):
    """exp of minus the weighted share of decisions that differ; groups are one-hot coded decisions.

    The kernel for categorical variables of SMAC (Hutter, Hoos & Leyton-Brown 2011), a weight for each decision.
    """

    def factors(self) -> Tensor:
        """Return the roots of the weights."""
        return torch.exp(-self.log_scales / 2) / len(self.sizes) ** 0.5

    def of_products(self, products: Products) -> Tensor:
        """Return the kernel; two one-hot codes that differ are at squared distance 2."""
        return torch.exp(-products.squared_distances / 2)


class SubtreeKernel(GroupedKernel):
    """Weighted inner products of each group's counts, divided by the root of both self-similarities.

    On Weisfeiler-Lehman label counts the subtree kernel (Shervashidze et al. 2011), with a weight for each
    depth; on unary counts the optimal assignment kernel (Kriege, Giscard & Wilson 2016, arXiv 1606.01141).
    """

    def factors(self) -> Tensor:
        """Return the roots of the weights."""
        return torch.exp(self.log_scales / 2)

    def of_products(self, products: Products) -> Tensor:
        """Return the cosine; an architecture in which nothing lives has no labels, and is like nothing."""
        roots1, roots2 = (torch.rsqrt(own.clamp_min(_TINY)) for own in (products.own1, products.own2))
        return products.between * roots1.unsqueeze(-1) * roots2.unsqueeze(-2)
