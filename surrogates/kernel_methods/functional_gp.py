"""Gaussian process on what an architecture computes: the default predictor inside a search loop.

A Matern kernel (nu = 5/2) compares four views of the functional graph, after dead vertices are removed and identities
are contracted. From coarse to fine, the views are counts of live operations, extremes over input-to-output paths,
paths as bags of operations, and paths as sequences. Each view has its own length scale, found by marginal likelihood:
with few training points the coarse views dominate, with many the fine ones. The canonical one-hot code is a fifth
view, for spaces where positions carry information that paths do not show (chains of layers, hyperparameters).

Our own design. Related: NAS-BOWL (Ru et al. 2021, arXiv 2006.07556: Weisfeiler-Lehman counts instead of paths) and the
spatial pyramid of Lazebnik, Schmid & Ponce 2006. The process learns ranks, because a table's worst architectures lie
so far from the rest that they would dominate the scores.
"""

from dataclasses import dataclass

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.surrogates._gp import GaussianProcess, MaternKernel, compute_group_deviations
from nasbench.surrogates._tabular import FUNCTIONAL

REQUIRES = {"torch": "gp", "gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class FunctionalGP(GaussianProcess):
    """Matern kernel over functional views, each with its own length; ``encoding`` names the views, joined by ``+``."""

    encoding: str = FUNCTIONAL

    def _make_kernel(self, sizes: list[int]) -> MaternKernel:
        return MaternKernel(sizes)

    def _transform_counts(self, counts: Floats) -> Floats:
        """Return logarithms: the tenth path matters less than the second."""
        return np.log1p(counts)

    def _compute_lengths(self, features: Floats, groups: Ints) -> Floats:
        return compute_group_deviations(features, groups, self._encoding.n_groups)
