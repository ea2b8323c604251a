"""Several data sets in one Gaussian process: the intrinsic coregionalisation model.

k((x, s), (x', t)) = B_st k(x, x') (Bonilla, Chai & Williams 2007, "Multi-task Gaussian Process Prediction", equation
1). B is a correlation matrix because targets are ranks, whose variance is one in every task.
"""

import numpy as np
import torch
from gpytorch.kernels import IndexKernel, ProductKernel
from torch import Tensor

from nasbench.arrays import Floats
from nasbench.surrogates._gp.kernels import GroupedKernel

_WIDTH = 3.0  # width of the normal prior of the loadings; a loading of one width gives a correlation of 0.95


def count_loadings(n_tasks: int) -> int:
    """Return the number of loadings that determine the correlations of ``n_tasks``: the triangle below the diagonal."""
    return n_tasks * (n_tasks - 1) // 2


def compute_correlations(loadings: Tensor, n_tasks: int) -> Tensor:
    """Return B [t, t] from its loadings; zeros give the identity.

    The Cholesky factor of B is a triangular matrix with ones on its diagonal, whose rows are scaled to length one.
    Every correlation matrix of full rank has this form, and every vector of loadings gives a correlation matrix.
    """
    below = torch.tril_indices(n_tasks, n_tasks, -1)
    factor = torch.eye(n_tasks, dtype=torch.float64).index_put((below[0], below[1]), loadings)
    factor = factor / factor.norm(dim=1, keepdim=True)
    return factor @ factor.mT


def make_starting_loadings(n_tasks: int) -> Floats:
    """Return loadings of moderately correlated tasks; at zero, the gradient of the likelihood may vanish."""
    return np.full(count_loadings(n_tasks), 0.5)


def compute_loadings_penalty(loadings: Tensor) -> Tensor:
    """Return the penalty for large loadings; with few points of a task, nothing else bounds them."""
    penalty: Tensor = (loadings / _WIDTH).square().sum() / 2
    return penalty


def add_task_column(kernel: GroupedKernel, between: Tensor) -> ProductKernel:
    """Return a GPyTorch kernel of features whose last column is the number of the task.

    Args:
        kernel: kernel of the features.
        between: [t, t] correlations.
    """
    t, n = len(between), sum(kernel.sizes)
    index = IndexKernel(num_tasks=t, rank=t, active_dims=torch.tensor([n])).double()
    tiny = 1e-12
    index.covar_factor.data = torch.linalg.cholesky(between - tiny * torch.eye(t, dtype=torch.float64))
    index.var = torch.full((t,), tiny, dtype=torch.float64)
    kernel.active_dims = torch.arange(n)
    return ProductKernel(kernel, index)
