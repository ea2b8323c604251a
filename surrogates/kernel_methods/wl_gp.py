"""Gaussian process with the Weisfeiler-Lehman subtree kernel (NAS-BOWL).

Source: Ru, Wan, Dong & Osborne 2021, "Interpretable Neural Architecture Search via Bayesian Optimisation with
Weisfeiler-Lehman Kernels", arXiv 2006.07556; the kernel: Shervashidze et al. 2011. The kernel is the inner product of
label counts, so features are computed once and a prediction is a matrix product.

What differs from the paper, each by an option: every depth has its own scale, found by marginal likelihood (in the
paper, the likelihood selects one depth); labels are refined by predecessors and by successors (``direction``); dead
vertices are left out (``live``); a Matern kernel of the distance that the inner product induces replaces the inner
product (``kernel``); the target is the rank, not the log error. The preset ``nas_bowl`` is the authors' choice.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from nasbench.arrays import Floats, Ints
from nasbench.surrogates._gp import (
    GaussianProcess,
    GroupedKernel,
    MaternKernel,
    SubtreeKernel,
    compute_group_deviations,
)

REQUIRES = {"torch": "gp", "gpytorch": "gp"}

_KERNELS: dict[str, type[GroupedKernel]] = {"subtree": SubtreeKernel, "matern": MaternKernel}


@dataclass(kw_only=True, eq=False)
class WeisfeilerLehmanGP(GaussianProcess):
    """Label counts compared depth by depth.

    Args:
        depth: number of refinements of the labels.
        direction: ``in``, ``out`` or ``both``.
        live: leave out vertices that do not contribute to the output.
        kernel: ``subtree``, the normalised inner product with a weight for each depth, or ``matern`` (nu = 5/2) of the
            distance, with a length for each depth.
        optimal_assignment: use the sum of minima of the counts instead of products.
    """

    presets: ClassVar = {
        "nas_bowl": {
            "depth": 1,
            "direction": "in",
            "live": False,
            "kernel": "subtree",
            "optimal_assignment": True,
            "target": "log_error",
            "hyper_points": 10000,
        }
    }

    encoding: str = field(default="wl", init=False)
    depth: int = 3
    direction: str = "both"
    live: bool = True
    kernel: Literal["subtree", "matern"] = "matern"
    optimal_assignment: bool = False

    def _choose_encoding(self) -> str:
        return f"wl,depth={self.depth},direction={self.direction},live={self.live},unary={self.optimal_assignment}"

    def _make_kernel(self, sizes: list[int]) -> GroupedKernel:
        return _KERNELS[self.kernel](sizes)

    def _compute_lengths(self, features: Floats, groups: Ints) -> Floats:
        if self.kernel == "subtree":
            return super()._compute_lengths(features, groups)
        return compute_group_deviations(features, groups, self._encoding.n_groups)
