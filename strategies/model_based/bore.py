"""BORE: Bayesian optimisation by classifying architectures as good or not.

Source: Tiao, Klein, Seeger, Bonilla, Archambeau & Ramos 2021, "BORE: Bayesian Optimization by Density-Ratio
Estimation", arXiv 2102.09009. The expected improvement over a quantile of the scores is monotone in the ratio of the
density of architectures above it to that of all. That ratio is monotone in the probability of belonging to the best
``gamma``. So a classifier of the best quarter against the rest replaces a model of the score, and the search trains the
architecture that it classifies as good with the highest probability.

The paper's forest is the default, its boosted trees the preset ``xgboost``. Differences: our predictors learn the
labels 0 and 1 by least squares, whose optimum is the same probability. For a forest even the splits are the same, since
the variance of a label is half of its Gini impurity. Candidates evolve by the predicted probability, where the paper
uses differential evolution. A quarter is the default of Syne Tune's implementation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Floats
from nasbench.options import Count, OpenShare
from nasbench.strategies._configured import Label
from nasbench.strategies._smbo import ModelBasedSearch

REQUIRES = {"sklearn": "trees"}


@dataclass(kw_only=True, eq=False)
class BORE(ModelBasedSearch):
    """Bayesian optimisation by classification.

    Attributes:
        predictor: label of a predictor that learns the plain target, ``target=score``.
        gamma: share of the trained architectures that count as good, in (0, 1).
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"xgboost": {"predictor": "xgboost,target=score"}}

    predictor: Label = "random_forest,target=score,n_trees=50"
    acquisition: str = field(default="exploit", init=False)
    gamma: OpenShare = 0.25
    pool: str = "evolution"
    pool_size: Count = 50
    refit_every: Count = 1

    def _make_targets(self, scores: Floats) -> Floats:
        return label_best(scores, self.gamma)


def label_best(scores: Floats, gamma: float) -> Floats:
    """Return 1 for the best share ``gamma`` of scores [n], rounded up, and for ties with the last of them; else 0."""
    n_good = int(np.ceil(gamma * len(scores)))
    labels: Floats = (scores >= np.sort(scores)[-n_good]).astype(np.float64)
    return labels
