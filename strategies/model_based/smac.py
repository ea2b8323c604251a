"""SMAC: a random forest, expected improvement maximised by local search, and random architectures in between.

Source: Hutter, Hoos & Leyton-Brown 2011, "Sequential Model-Based Optimization for General Algorithm Configuration",
LION 5. Ten trees see all but a sixth of the columns at a split. Local search maximises the acquisition from the best
ten trained architectures and the best ten of a random sample. Every other architecture is drawn at random, so that no
region is left out for good. The preset ``smac3`` draws a fifth at random, as SMAC3 does since version 2 (Lindauer et
al. 2022, arXiv 2109.09831).

Differences: a full training run is not repeated, so there is no need to race configurations against an incumbent
(SMAC's intensification). Improvement is in the score, which the forest learns untransformed. The spread of the trees is
that of their predictions, without the spread inside their leaves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs
from nasbench.options import Count, Probability
from nasbench.strategies._configured import Label
from nasbench.strategies._pools import draw_unseen
from nasbench.strategies._smbo import ModelBasedSearch

REQUIRES = {"sklearn": "trees"}

_FOREST = (
    "random_forest,n_trees=10,max_features=0.8333,min_samples_split=3,min_samples_leaf=3,encoding=one_hot,target=score"
)


@dataclass(kw_only=True, eq=False)
class SMAC(ModelBasedSearch):
    """Random forest, expected improvement, local search.

    Attributes:
        random_share: probability that an architecture is drawn at random.
        pool_size: random candidates besides those that local search finds.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"smac3": {"random_share": 0.2}}

    predictor: Label = _FOREST
    acquisition: str = field(default="ei", init=False)
    random_share: Probability = 0.5
    pool: str = field(default="local", init=False)
    pool_size: Count = 1000
    refit_every: Count = 1

    def _propose(self, n: int) -> Archs:
        n_random = int((self._rng.random(n) < self.random_share).sum())
        chosen = super()._propose(n - n_random) if n_random < n else self._queue[:0]
        self._seen.add(chosen)
        return np.concatenate([chosen, draw_unseen(self._space, self._seen, n_random, self._rng)])
