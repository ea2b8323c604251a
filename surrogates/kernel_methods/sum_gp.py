"""Gaussian process with the sum of two kernels: Weisfeiler-Lehman labels and functional paths.

k = a k_WL + (1 - a) k_path: either may speak alone, where ``functional_gp`` asks for likeness in every view
at once. Sums of kernels: Rasmussen & Williams 2006, section 4.2.4; the parts: ``wl_gp`` (normalised subtree
kernel, a weight for each depth) and ``path_gp`` (RBF of path counts).
"""

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.options import FromTwo, Whole
from nasbench.spaces import SearchSpace
from nasbench.surrogates._gp import GaussianProcess, MaternKernel, SubtreeKernel, SumKernel, group_deviations

REQUIRES = {"torch": "gp", "gpytorch": "gp"}


class SumGP(GaussianProcess):
    """Subtree kernel plus an RBF kernel of path counts.

    Args:
        space: where the architectures are from.
        depth: refinements of the Weisfeiler-Lehman labels, by predecessors and by successors.
        target: ``rank``, ``score`` or ``log_error``.
        hyper_points: training points that the hyperparameters are fitted to, at most.
        max_iterations: of the optimiser.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        depth: int = 2,
        target: str = "rank",
        hyper_points: FromTwo = 300,
        max_iterations: Whole = 40,
    ) -> None:
        encoding = f"wl,depth={depth}+functional_path"
        super().__init__(
            space, encoding=encoding, target=target, hyper_points=hyper_points, max_iterations=max_iterations
        )

    def _kernel(self, sizes: list[int]) -> SumKernel:
        return SumKernel([SubtreeKernel(sizes[:-1]), MaternKernel(sizes[-1:], smooth=True)])

    def _lengths(self, features: Floats, groups: Ints) -> Floats:
        last = self._encoding.n_groups - 1
        return np.append(np.ones(last), group_deviations(features[:, groups == last], groups[groups == last] - last, 1))
