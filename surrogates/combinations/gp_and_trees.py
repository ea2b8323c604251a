"""A Gaussian process and boosted trees on what an architecture computes: the default predictor.

The process is ``functional_gp`` with one more view: each vertex with its neighbours (Weisfeiler-Lehman, depth 1). The
trees are ``xgboost``. Both learn ranks, and the mean is 0.7 times the process's plus 0.3 times the trees'. Their
errors differ. If training is nearly deterministic and similar architectures have similar scores (NAS-Bench-201), the
process is far better, and the mixture loses nothing. If training is noisy and single operations decide (Citeseer,
Cora, Photo of NAS-Bench-Graph), trees are better because they select features. The shares are the same for all tasks
and were chosen on the twelve embedded ones.

Source of the idea: Dietterich 2000, "Ensemble Methods in Machine Learning"; the docstrings of both parts name their
own sources. Weights by cross-validation (``ensemble@stacked``) cost five times as much.

The standard deviation is the process's own; around the mixture's mean it is equally well calibrated. ``condition``
adds observations to the process in O(n^2) and leaves the trees unchanged until the next ``fit``. ``model`` returns the
process alone. Inside a search loop, where trees cost more than they contribute, prefer ``functional_gp``.
"""

from dataclasses import dataclass

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.options import Count, Probability
from nasbench.predictions import Batch
from nasbench.surrogates._predictor import State
from nasbench.surrogates._tabular import FUNCTIONAL
from nasbench.surrogates.combinations._members import prefix_state, restore_member, spawn_generator
from nasbench.surrogates.kernel_methods.functional_gp import FunctionalGP
from nasbench.surrogates.trees.xgboost import XGBoost

REQUIRES = {"torch": "gp", "gpytorch": "gp", "xgboost": "trees"}


@dataclass(kw_only=True, eq=False)
class GPAndTrees(FunctionalGP):
    """A weighted mean of ``functional_gp`` and ``xgboost``, in units of the target.

    Args:
        encoding: the process's views, joined by ``+``; the trees always see those of ``functional_gp``.
        share: weight of the trees, from 0 (the process alone) to 1 (the trees alone).
        n_rounds: trees.
    """

    encoding: str = f"{FUNCTIONAL}+wl,depth=1"
    share: Probability = 0.3
    n_rounds: Count = 300

    def _make_trees(self) -> XGBoost:
        """Return trees that learn the transformed target as it is: ranks of ranks would be the same."""
        return XGBoost(self._space, target="score", uncertainty="none", n_rounds=self.n_rounds)

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        super()._fit(batch, value, rng)
        self._trees = self._make_trees()
        self._trees.fit(Batch(batch.archs), value, spawn_generator(rng))

    def _predict_distinct(self, archs: Archs) -> tuple[Floats, Floats]:
        mean, std = super()._predict_distinct(archs)
        return (1 - self.share) * mean + self.share * self._trees.predict(Batch(archs)).mean, std

    def _state(self) -> State:
        return super()._state() | prefix_state("trees", self._trees)

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        super()._restore(state, batch, value)
        self._trees = self._make_trees()
        restore_member("trees", self._trees, state)
