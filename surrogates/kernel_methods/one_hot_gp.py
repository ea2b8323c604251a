"""Gaussian process on the decisions themselves: RBF with one length per decision (ARD), or a Hamming kernel.

This is the usual baseline of Bayesian optimisation over tables. It does not use the graph, so it works in every space,
including hyperparameters. RBF-ARD: Rasmussen & Williams 2006, chapter 5. Hamming: Hutter, Hoos & Leyton-Brown 2011
(SMAC), as the preset ``hamming``. On one-hot codes, the two differ only in the role of the lengths, because an RBF
kernel of a categorical decision also has only two values: 1, or a constant. The search for lengths starts at the root
of the number of decisions (Hvarfner, Hellsten & Nardi 2024, arXiv 2402.02229): from 1, nothing is learnt about 22
decisions.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.surrogates._gp import GaussianProcess, GroupedKernel, HammingKernel, MaternKernel

REQUIRES = {"torch": "gp", "gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class OneHotGP(GaussianProcess):
    """A Gaussian process with a length or a weight for each decision.

    Args:
        kernel: ``rbf``, ``matern`` (nu = 5/2) or ``hamming``.
    """

    presets: ClassVar = {"hamming": {"kernel": "hamming"}}

    encoding: str = field(default="decisions", init=False)
    kernel: Literal["rbf", "matern", "hamming"] = "rbf"

    def _make_kernel(self, sizes: list[int]) -> GroupedKernel:
        return _KERNELS[self.kernel](sizes)

    def _compute_lengths(self, features: Floats, groups: Ints) -> Floats:
        """Return the root of the number of decisions: distances add up over them, and the search starts here."""
        if self.kernel == "hamming":  # this kernel divides by the number itself
            return super()._compute_lengths(features, groups)
        return np.full(self._encoding.n_groups, self._encoding.n_groups**0.5)


def _make_rbf(sizes: list[int]) -> GroupedKernel:
    return MaternKernel(sizes, smooth=True)


_KERNELS = {"rbf": _make_rbf, "matern": MaternKernel, "hamming": HammingKernel}
