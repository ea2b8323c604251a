"""Kernels on feature vectors whose columns form groups, each group with its own weight or length.

They are ordinary GPyTorch kernels: batches, gradients and BoTorch work with them. Each kernel is a function of inner
products weighted by group. The inner products do not depend on the hyperparameters, so fitting computes them only
once, by sparse products if the counts are sparse.
"""

from abc import abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from gpytorch.kernels import Kernel
from torch import Tensor

_TINY = 1e-12


class Products(NamedTuple):
    """Inner products of the rows of two feature matrices.

    Attributes:
        between: [..., n, m] products of each pair.
        own1, own2: [..., n] and [..., m] products of each row with itself.
    """

    between: Tensor
    own1: Tensor
    own2: Tensor

    @classmethod
    def of(cls, x1: Tensor, x2: Tensor) -> "Products":
        """Multiply features [..., n, f] and [..., m, f]."""
        return cls(x1 @ x2.mT, x1.square().sum(-1), x2.square().sum(-1))

    def weighted(self, weights: Tensor) -> "Products":
        """Sum the products of groups [g, ...] with ``weights`` [g]."""
        return Products(*(torch.tensordot(weights, part, dims=1) for part in self))

    @property
    def squared_distances(self) -> Tensor:
        """[..., n, m] squared Euclidean distances."""
        squared = self.between * -2  # then in place: for large matrices, new memory costs more than the sums
        return squared.add_(self.own1.unsqueeze(-1)).add_(self.own2.unsqueeze(-2)).clamp_min_(0)


class GroupedKernel(Kernel):
    """A kernel that weights groups of columns.

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
    def compute_factors(self, log_scales: Tensor) -> Tensor:
        """Return the factors of the columns of each group [g]."""

    @abstractmethod
    def compute_from_products(self, products: Products) -> Tensor:
        """Return the kernel matrix [..., n, m] of features already multiplied by the factors."""

    @property
    def column_factors(self) -> Tensor:
        """[f] the factor of each column."""
        return self.compute_factors(self.log_scales)[self._group]

    @property
    def blocks(self) -> list[slice]:
        """Columns that are compared together: all columns, except in sums of kernels."""
        return [slice(0, sum(self.sizes))]

    def compute_from_blocks(self, products: Sequence[Products]) -> Tensor:
        """Return the kernel matrix from the products of each block."""
        return self.compute_from_products(products[0])

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **_: Any) -> Tensor:
        """Return the kernel of ``[..., n, f]`` and ``[..., m, f]`` features; ``[..., n, m]`` or ``[..., n]``."""
        x1, x2 = x1 * self.column_factors, x2 * self.column_factors
        if diag:
            x1, x2 = x1.unsqueeze(-2), x2.unsqueeze(-2)
        kernel = self.compute_from_blocks([Products.of(x1[..., block], x2[..., block]) for block in self.blocks])
        return kernel.squeeze(-1).squeeze(-1) if diag else kernel

    def compute_by_group(self, x: Tensor) -> Any:
        """Return what ``compute_from_groups`` needs of features [n, f]; it does not depend on the scales."""
        parts = [Products.of(part, part) for part in x.split(self.sizes, dim=-1)]
        return Products(*(torch.stack(of_groups) for of_groups in zip(*parts, strict=True)))

    def compute_from_groups(self, known: Any, log_scales: Tensor) -> Tensor:
        """Return the kernel matrix [n, n] of ``forward`` for other scales, from the result of ``compute_by_group``."""
        return self.compute_from_products(known.weighted(self.compute_factors(log_scales).square()))


class DistanceKernel(GroupedKernel):
    """A kernel of the distance in which each group has its own length. Subclasses define the function."""

    @abstractmethod
    def compute_from_squared(self, squared: Tensor) -> Tensor:
        """Return the kernel of squared distances, any shape."""

    def compute_from_products(self, products: Products) -> Tensor:
        """Return the kernel of the distances that inner products induce."""
        return self.compute_from_squared(products.squared_distances)

    def compute_by_group(self, x: Tensor) -> Tensor:
        """Return the squared distances of features [n, f], group by group; ``[g, n, n]``."""
        return torch.stack([Products.of(part, part).squared_distances for part in x.split(self.sizes, dim=-1)])

    def compute_from_groups(self, known: Tensor, log_scales: Tensor) -> Tensor:
        """Return the kernel of the weighted sum of distances."""
        return self.compute_from_squared(torch.tensordot(self.compute_factors(log_scales).square(), known, dims=1))


class _Matern52(torch.autograd.Function):
    """(1 + r + r^2 / 3) exp(-r) for r^2 = 5 times the squared distance.

    The derivative is -5 / 6 (1 + r) exp(-r), also at r = 0, where the derivative of the root is infinite.
    """

    @staticmethod
    def forward(ctx: Any, squared: Tensor) -> Tensor:
        """Return the kernel of squared distances, any shape."""
        r = (5 * squared).sqrt_()
        decay = r.neg().exp_()
        ctx.save_for_backward(r, decay)
        return (r / 3).add_(1).mul_(r).add_(1).mul_(decay)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Return the gradient with respect to the squared distances."""
        r, decay = ctx.saved_tensors
        return (r + 1).mul_(decay).mul_(gradient).mul_(-5 / 6)


class MaternKernel(DistanceKernel):
    """Matern kernel (nu = 5/2) or RBF kernel of the distance in which each group has its own length.

    Args:
        sizes: number of columns of each group.
        smooth: use the RBF kernel, the limit of Matern kernels.
    """

    def __init__(self, sizes: Sequence[int], *, smooth: bool = False) -> None:
        super().__init__(sizes)
        self._smooth = smooth

    def compute_factors(self, log_scales: Tensor) -> Tensor:
        """Return the inverse lengths."""
        return torch.exp(-log_scales)

    def compute_from_squared(self, squared: Tensor) -> Tensor:
        """Return exp(-r^2 / 2), or (1 + sqrt(5) r + 5 r^2 / 3) exp(-sqrt(5) r)."""
        kernel: Tensor = torch.exp(-squared / 2) if self._smooth else _Matern52.apply(squared)
        return kernel


class HammingKernel(DistanceKernel):
    """exp of minus the weighted share of decisions that differ; groups are one-hot coded decisions.

    This is the kernel for categorical variables of SMAC (Hutter, Hoos & Leyton-Brown 2011), with a weight for each
    decision.
    """

    def compute_factors(self, log_scales: Tensor) -> Tensor:
        """Return the roots of the weights."""
        return torch.exp(-log_scales / 2) / len(self.sizes) ** 0.5

    def compute_from_squared(self, squared: Tensor) -> Tensor:
        """Return the kernel; two different one-hot codes have squared distance 2."""
        return torch.exp(-squared / 2)


class SubtreeKernel(GroupedKernel):
    """Weighted inner products of each group's counts, divided by the root of both self-similarities.

    On Weisfeiler-Lehman label counts this is the subtree kernel (Shervashidze et al. 2011), with a weight for each
    depth. On unary counts it is the optimal assignment kernel (Kriege, Giscard & Wilson 2016, arXiv 1606.01141).
    """

    def compute_factors(self, log_scales: Tensor) -> Tensor:
        """Return the roots of the weights."""
        return torch.exp(log_scales / 2)

    def compute_from_products(self, products: Products) -> Tensor:
        """Return the cosine; an architecture without live vertices has no labels, and similarity 0 to all others."""
        roots1, roots2 = (torch.rsqrt(own.clamp_min(_TINY)) for own in (products.own1, products.own2))
        return products.between * roots1.unsqueeze(-1) * roots2.unsqueeze(-2)


class SumKernel(GroupedKernel):
    """A weighted sum of kernels, each on its own groups.

    Args:
        parts: kernels, in the order of their columns. Their own scales are not used; ``log_scales`` holds those of all
            parts, then the logarithm of each part's weight.
    """

    def __init__(self, parts: Sequence[GroupedKernel]) -> None:
        super().__init__([size for part in parts for size in part.sizes])
        self._kernels = torch.nn.ModuleList(parts)
        scales = torch.zeros(len(self.sizes) + len(parts), dtype=torch.float64)
        self.log_scales = torch.nn.Parameter(scales)

    def compute_factors(self, log_scales: Tensor) -> Tensor:
        """Return each part's factors."""
        own = log_scales.split([*(len(part.sizes) for part in self._kernels), len(self._kernels)])
        return torch.cat([part.compute_factors(scales) for part, scales in zip(self._kernels, own, strict=False)])

    @property
    def blocks(self) -> list[slice]:
        """Columns of each part."""
        ends = np.cumsum([0, *(sum(part.sizes) for part in self._kernels)]).tolist()
        return [slice(start, end) for start, end in pairwise(ends)]

    def compute_from_blocks(self, products: Sequence[Products]) -> Tensor:
        """Return the weighted sum of the parts' kernels."""
        kernels = [part.compute_from_products(own) for part, own in zip(self._kernels, products, strict=True)]
        return self._sum_kernels(kernels, self.log_scales)

    def compute_from_products(self, products: Products) -> Tensor:
        """Raise an error: a sum needs the products of each part."""
        raise NotImplementedError("a sum of kernels compares block by block; use compute_from_blocks")

    def compute_by_group(self, x: Tensor) -> list[Any]:
        """Return the quantities of features [n, f] that each part needs."""
        return [part.compute_by_group(x[:, block]) for part, block in zip(self._kernels, self.blocks, strict=True)]

    def compute_from_groups(self, known: list[Any], log_scales: Tensor) -> Tensor:
        """Return the weighted sum of the parts' kernels."""
        own = log_scales.split([*(len(part.sizes) for part in self._kernels), len(self._kernels)])
        kernels = [
            part.compute_from_groups(own_known, scales)
            for part, own_known, scales in zip(self._kernels, known, own, strict=False)
        ]
        return self._sum_kernels(kernels, log_scales)

    def _sum_kernels(self, kernels: list[Tensor], log_scales: Tensor) -> Tensor:
        shares = torch.softmax(log_scales[-len(self._kernels) :], dim=0)
        return torch.tensordot(shares, torch.stack(kernels), dims=1)
