"""Gaussian process with the sum of two kernels: Weisfeiler-Lehman labels and functional paths.

k = a k_WL + (1 - a) k_path. Similarity in either part is enough, whereas ``functional_gp`` requires similarity in
every view at once. Sums of kernels: Rasmussen & Williams 2006, section 4.2.4. The parts are those of ``wl_gp``
(normalised subtree kernel, a weight for each depth) and ``path_gp`` (RBF of path counts).
"""

from dataclasses import dataclass, field

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.surrogates._gp import GaussianProcess, MaternKernel, SubtreeKernel, SumKernel, compute_group_deviations

REQUIRES = {"torch": "gp", "gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class SumGP(GaussianProcess):
    """Subtree kernel plus an RBF kernel of path counts.

    Args:
        depth: number of refinements of the Weisfeiler-Lehman labels, by predecessors and by successors.
    """

    encoding: str = field(default="wl+functional_path", init=False)
    depth: int = 2

    def _choose_encoding(self) -> str:
        return f"wl,depth={self.depth}+functional_path"

    def _make_kernel(self, sizes: list[int]) -> SumKernel:
        return SumKernel([SubtreeKernel(sizes[:-1]), MaternKernel(sizes[-1:], smooth=True)])

    def _compute_lengths(self, features: Floats, groups: Ints) -> Floats:
        last = self._encoding.n_groups - 1
        return np.append(
            np.ones(last), compute_group_deviations(features[:, groups == last], groups[groups == last] - last, 1)
        )
