"""Gaussian process with the Weisfeiler-Lehman subtree kernel (NAS-BOWL).

Source: Ru, Wan, Dong & Osborne 2021, "Interpretable Neural Architecture Search via Bayesian Optimisation
with Weisfeiler-Lehman Kernels", arXiv 2006.07556; the kernel: Shervashidze et al. 2011. The kernel is the
inner product of label counts, so that features are computed once and a prediction is a matrix product.

What differs from the paper, each an option: every depth has a scale of its own, found by marginal
likelihood (there: one depth, chosen by it); labels are refined by predecessors and by successors
(``direction``); dead vertices are left out (``live``); the Matern kernel of the distance that the inner
product induces takes its place (``kernel``); the target is the rank, not the log error. Each raises
Kendall's tau on NAS-Bench-201. The preset ``nas_bowl`` is the authors' choice.
"""

from typing import ClassVar

from nasbench.arrays import Floats, Ints
from nasbench.errors import unknown_name
from nasbench.options import FromTwo, Whole
from nasbench.spaces import SearchSpace
from nasbench.surrogates._gp import GaussianProcess, GroupedKernel, MaternKernel, SubtreeKernel, group_deviations

REQUIRES = {"torch": "gp", "gpytorch": "gp"}

_KERNELS: dict[str, type[GroupedKernel]] = {"subtree": SubtreeKernel, "matern": MaternKernel}


class WeisfeilerLehmanGP(GaussianProcess):
    """Label counts compared depth by depth.

    Args:
        space: where the architectures are from.
        depth: refinements of the labels.
        direction: ``in``, ``out`` or ``both``.
        live: leave out vertices that carry nothing to the output.
        kernel: ``subtree``, the normalised inner product with a weight for each depth, or ``matern`` (nu = 5/2)
            of the distance, with a length for each depth.
        optimal_assignment: sum of minima of the counts instead of products.
        target: ``rank``, ``score`` or ``log_error``.
        hyper_points: training points that the hyperparameters are fitted to, at most.
        max_iterations: of the optimiser.
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

    def __init__(
        self,
        space: SearchSpace,
        *,
        depth: int = 3,
        direction: str = "both",
        live: bool = True,
        kernel: str = "matern",
        optimal_assignment: bool = False,
        target: str = "rank",
        hyper_points: FromTwo = 300,
        max_iterations: Whole = 40,
    ) -> None:
        encoding = f"wl,depth={depth},direction={direction},live={live},unary={optimal_assignment}"
        super().__init__(
            space, encoding=encoding, target=target, hyper_points=hyper_points, max_iterations=max_iterations
        )

        if kernel not in _KERNELS:
            raise unknown_name("kernel", kernel, _KERNELS)
        self._kernel_class = _KERNELS[kernel]

    def _kernel(self, sizes: list[int]) -> GroupedKernel:
        return self._kernel_class(sizes)

    def _lengths(self, features: Floats, groups: Ints) -> Floats:
        if self._kernel_class is SubtreeKernel:
            return super()._lengths(features, groups)
        return group_deviations(features, groups, self._encoding.n_groups)
