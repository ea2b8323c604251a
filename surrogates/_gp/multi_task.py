"""Several data sets in one Gaussian process: the intrinsic coregionalisation model.

k((x, s), (x', t)) = B_st k(x, x') (Bonilla, Chai & Williams 2007, "Multi-task Gaussian Process Prediction",
equation 1). B is a correlation matrix: targets are ranks, whose variance is one in every task.
"""

import numpy as np
import torch
from gpytorch.kernels import IndexKernel, ProductKernel
from torch import Tensor

from nasbench.arrays import Floats
from nasbench.surrogates._gp.kernels import GroupedKernel

_WIDTH = 3.0  # of the normal prior of the loadings: a correlation of 0.95 stands at one width


def count_loadings(n_tasks: int) -> int:
    """Return how many numbers say how ``n_tasks`` correlate: the triangle below the diagonal."""
    return n_tasks * (n_tasks - 1) // 2


def compute_correlations(loadings: Tensor, n_tasks: int) -> Tensor:
    """Return B [t, t] from its loadings; zeros give the identity.

    Rows of a triangle with ones on its diagonal, scaled to length one, are its Cholesky factor: any correlation
    matrix of full rank can be written so, and every loading gives one.
    """
    below = torch.tril_indices(n_tasks, n_tasks, -1)
    factor = torch.eye(n_tasks, dtype=torch.float64).index_put((below[0], below[1]), loadings)
    factor = factor / factor.norm(dim=1, keepdim=True)
    return factor @ factor.mT


def make_starting_loadings(n_tasks: int) -> Floats:
    """Return loadings of tasks that are somewhat alike; at zero the likelihood's slope need not point anywhere."""
    return np.full(count_loadings(n_tasks), 0.5)


def compute_loadings_penalty(loadings: Tensor) -> Tensor:
    """Return the penalty of loadings far from zero: with few points of a task nothing else bounds them."""
    penalty: Tensor = (loadings / _WIDTH).square().sum() / 2
    return penalty


def add_task_column(kernel: GroupedKernel, between: Tensor) -> ProductKernel:
    """Return a GPyTorch kernel of features with the task's number as a last column.

    Args:
        kernel: compares features.
        between: [t, t] correlations.
    """
    t, n = len(between), sum(kernel.sizes)
    index = IndexKernel(num_tasks=t, rank=t, active_dims=torch.tensor([n])).double()
    tiny = 1e-12
    index.covar_factor.data = torch.linalg.cholesky(between - tiny * torch.eye(t, dtype=torch.float64))
    index.var = torch.full((t,), tiny, dtype=torch.float64)
    kernel.active_dims = torch.arange(n)
    return ProductKernel(kernel, index)
