"""Gaussian process on the decisions themselves: RBF with a length for each decision (ARD), or a Hamming kernel.

The usual baseline of Bayesian optimisation over tables. It knows nothing of graphs, so it works in every
space, hyperparameters included. RBF-ARD: Rasmussen & Williams 2006, chapter 5; Hamming: Hutter, Hoos &
Leyton-Brown 2011 (SMAC), as the preset ``hamming``. On one-hot codes the two differ only in how lengths
count: an RBF kernel of a categorical decision is 1 or a constant too. The search for lengths starts at the root of the
number of decisions (Hvarfner, Hellsten & Nardi 2024, arXiv 2402.02229): at 1, of 22 decisions nothing is learnt.
"""

from typing import ClassVar

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.errors import unknown_name
from nasbench.options import FromTwo, Whole
from nasbench.spaces import SearchSpace
from nasbench.surrogates._gp import GaussianProcess, GroupedKernel, HammingKernel, MaternKernel

REQUIRES = {"torch": "gp", "gpytorch": "gp"}


class OneHotGP(GaussianProcess):
    """A length or a weight for each decision.

    Args:
        space: where the architectures are from.
        kernel: ``rbf``, ``matern`` (nu = 5/2) or ``hamming``.
        target: ``rank``, ``score`` or ``log_error``.
        hyper_points: training points that the hyperparameters are fitted to, at most.
        max_iterations: of the optimiser.
    """

    presets: ClassVar = {"hamming": {"kernel": "hamming"}}

    def __init__(
        self,
        space: SearchSpace,
        *,
        kernel: str = "rbf",
        target: str = "rank",
        hyper_points: FromTwo = 300,
        max_iterations: Whole = 40,
    ) -> None:
        super().__init__(
            space, encoding="decisions", target=target, hyper_points=hyper_points, max_iterations=max_iterations
        )
        if kernel not in _KERNELS:
            raise unknown_name("kernel", kernel, _KERNELS)
        self._make = _KERNELS[kernel]

    def _kernel(self, sizes: list[int]) -> GroupedKernel:
        return self._make(sizes)

    def _lengths(self, features: Floats, groups: Ints) -> Floats:
        """Return the root of the number of decisions: distances add up over them, and the search starts at these."""
        if self._make is HammingKernel:  # divides by it itself
            return super()._lengths(features, groups)
        return np.full(self._encoding.n_groups, self._encoding.n_groups**0.5)


def _rbf(sizes: list[int]) -> GroupedKernel:
    return MaternKernel(sizes, smooth=True)


_KERNELS = {"rbf": _rbf, "matern": MaternKernel, "hamming": HammingKernel}
