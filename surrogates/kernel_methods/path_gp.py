"""Gaussian process on functional paths: an RBF kernel of their counts.

A path is the sequence of operations from the input to the output, after cut paths are dropped and identities are
contracted (encoding ``functional_path``). The path encoding of BANANAS (White et al. 2021, arXiv 1910.11858) keeps
``none`` and ``skip`` and records only whether a path exists; the option ``encoding="path"`` selects it.
"""

from dataclasses import dataclass

from nasbench.arrays import Floats, Ints
from nasbench.surrogates._gp import GaussianProcess, MaternKernel, compute_group_deviations

REQUIRES = {"torch": "gp", "gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class PathGP(GaussianProcess):
    """RBF kernel of path counts with one length scale.

    Args:
        smooth: True for the RBF kernel, False for a Matern kernel with nu = 5/2.
    """

    encoding: str = "functional_path"
    smooth: bool = True

    def _make_kernel(self, sizes: list[int]) -> MaternKernel:
        return MaternKernel(sizes, smooth=self.smooth)

    def _compute_lengths(self, features: Floats, groups: Ints) -> Floats:
        return compute_group_deviations(features, groups, self._encoding.n_groups)
