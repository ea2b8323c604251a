"""Gaussian processes on features of architectures: kernels for GPyTorch, and exact regression with them."""

from surrogates._gp._exact import GaussianProcess
from surrogates._gp._kernels import GroupedKernel, HammingKernel, MaternKernel, SubtreeKernel

__all__ = ["GaussianProcess", "GroupedKernel", "HammingKernel", "MaternKernel", "SubtreeKernel"]
