"""Gaussian processes on features of architectures: kernels for GPyTorch, and exact regression with them."""

from nasbench.surrogates._gp._exact import GaussianProcess, group_deviations, growth
from nasbench.surrogates._gp._kernels import GroupedKernel, HammingKernel, MaternKernel, SubtreeKernel, SumKernel

__all__ = [
    "GaussianProcess",
    "GroupedKernel",
    "HammingKernel",
    "MaternKernel",
    "SubtreeKernel",
    "SumKernel",
    "group_deviations",
    "growth",
]
