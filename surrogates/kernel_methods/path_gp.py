"""Gaussian process on functional paths: an RBF kernel of their counts.

A path is the sequence of operations from the input to the output after dropping cut paths and contracting
identities (encoding ``functional_path``). Compare the path encoding of BANANAS (White et al. 2021, arXiv
1910.11858), which keeps ``none`` and ``skip`` and counts to one; the option ``encoding="path"`` takes that.
"""

from nasbench.arrays import Floats, Ints
from nasbench.options import FromTwo, Whole
from nasbench.spaces import SearchSpace
from nasbench.surrogates._gp import GaussianProcess, MaternKernel, group_deviations

REQUIRES = {"torch": "gp", "gpytorch": "gp"}


class PathGP(GaussianProcess):
    """RBF kernel of path counts with one length scale.

    Args:
        space: where the architectures are from.
        encoding: what is compared.
        target: ``rank``, ``score`` or ``log_error``.
        smooth: RBF; otherwise Matern with nu = 5/2.
        hyper_points: training points that the hyperparameters are fitted to, at most.
        max_iterations: of the optimiser.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = "functional_path",
        target: str = "rank",
        smooth: bool = True,
        hyper_points: FromTwo = 300,
        max_iterations: Whole = 40,
    ) -> None:
        super().__init__(
            space, encoding=encoding, target=target, hyper_points=hyper_points, max_iterations=max_iterations
        )
        self._smooth = smooth

    def _kernel(self, sizes: list[int]) -> MaternKernel:
        return MaternKernel(sizes, smooth=self._smooth)

    def _lengths(self, features: Floats, groups: Ints) -> Floats:
        return group_deviations(features, groups, self._encoding.n_groups)
