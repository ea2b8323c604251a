"""Gaussian processes on features of architectures: kernels for GPyTorch, and exact regression with them."""

from nasbench.surrogates._gp.exact import GaussianProcess, compute_group_deviations, compute_length_growth
from nasbench.surrogates._gp.kernels import GroupedKernel, HammingKernel, MaternKernel, SubtreeKernel, SumKernel

__all__ = [
    "GaussianProcess",
    "GroupedKernel",
    "HammingKernel",
    "MaternKernel",
    "SubtreeKernel",
    "SumKernel",
    "compute_group_deviations",
    "compute_length_growth",
]
