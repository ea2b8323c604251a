"""Random forest: the mean of deep trees, each trained on its own sample of the training points.

Source: Breiman 2001, "Random Forests". NAS-Bench-301 (Siems et al. 2020, arXiv 2008.09777) tuned a forest as a
surrogate, and White et al. 2021 (arXiv 2104.01177) adopted its settings for the one-hot code: preset ``naslib`` (116
trees without bootstrap, 17 % of the columns at a split, leaves of at least 2 points).

Our defaults differ from scikit-learn's in the features (what an architecture computes), in learning ranks, and in
considering a third of the columns at a split, as Breiman recommends for regression.

The uncertainty is the standard deviation over trees. Each tree predicts from one or two training points, so this
deviation includes their noise. A restored forest is trained again from the training data.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.ensemble import RandomForestRegressor

from nasbench.arrays import Floats
from nasbench.options import Count, FromTwo, Share
from nasbench.spaces import SearchSpace
from nasbench.surrogates._ranges import Range
from nasbench.surrogates._tabular import FUNCTIONAL, TabularPredictor, draw_library_seed

REQUIRES = {"sklearn": "trees"}

_LEAST_STD = 1e-3  # in units of the transformed target: trees that agree are not certain


class RandomForest(TabularPredictor):
    """A forest of regression trees.

    Args:
        space: the search space of the architectures.
        encoding: features, see ``nasbench.encodings``.
        target: what the predictor learns: ``rank``, ``score`` or ``log_error``.
        n_trees: number of trees.
        max_features: share of the columns that a split considers, in (0, 1].
        min_samples_leaf: smallest number of points in a leaf.
        min_samples_split: smallest number of points in a vertex that is split.
        bootstrap: sample the points of each tree with replacement; otherwise each tree sees all points.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "naslib": {
            "encoding": "one_hot",
            "target": "score",
            "n_trees": 116,
            "max_features": 0.17055852159745608,
            "min_samples_leaf": 2,
            "bootstrap": False,
        }
    }
    ranges: ClassVar[Mapping[str, Range]] = {
        "n_trees": Range(16, 128, log=True),
        "max_features": Range(0.1, 0.9, log=True),
        "min_samples_leaf": Range(1, 20),
        "min_samples_split": Range(2, 20, log=True),
    }

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = FUNCTIONAL,
        target: str = "rank",
        n_trees: Count = 200,
        max_features: Share = 1 / 3,
        min_samples_leaf: Count = 1,
        min_samples_split: FromTwo = 2,
        bootstrap: bool = True,
    ) -> None:
        super().__init__(space, encoding=encoding, target=target)
        self._options = {
            "n_estimators": n_trees,
            "max_features": max_features,
            "min_samples_leaf": min_samples_leaf,
            "min_samples_split": min_samples_split,
            "bootstrap": bootstrap,
        }

    def _learn(self, features: Floats, value: Floats, rng: np.random.Generator) -> None:
        forest = RandomForestRegressor(random_state=draw_library_seed(rng), n_jobs=1, **self._options)
        self._forest = forest.fit(features.astype(np.float32), value)

    def _answer(self, features: Floats) -> tuple[Floats, Floats | None]:
        single = features.astype(np.float32)  # the precision of the trees; converted once instead of by each tree
        answers = np.array([tree.predict(single, check_input=False) for tree in self._forest.estimators_])
        return answers.mean(axis=0), np.maximum(answers.std(axis=0), _LEAST_STD)
