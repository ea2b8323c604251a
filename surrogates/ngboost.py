"""NGBoost: trees boosted along the natural gradient of a normal distribution's mean and spread.

Source: Duan et al. 2020, "NGBoost: Natural Gradient Boosting for Probabilistic Prediction" (arXiv 1910.03225); as
a predictor of architectures White et al. 2021 (arXiv 2104.01177), whose settings these are: 505 rounds, half
of the points and four fifths of the columns for each tree of depth 6, leaves of at least 15 points or
half of them if those are fewer. On the one-hot code and scores they are preset ``naslib``.

Our defaults differ in the features (what an architecture computes), in learning ranks, and in smaller leaves:
15 points each leave little to learn from a hundred.

The method has its own standard deviation, which is far too small after so many rounds: on NAS-Bench-201 15 to 40 % of
new points lie within one, where 68 % should; ``random_forest`` errs on the other side.

It asks for 4 training points. A restored model is fitted again from the training data. The logarithmic score
(maximum likelihood) is the only one offered.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from ngboost import NGBRegressor
from ngboost.distns import Normal
from ngboost.scores import LogScore
from sklearn.tree import DecisionTreeRegressor

from nasbench.arrays import Floats
from nasbench.spaces import SearchSpace
from surrogates._ranges import Range
from surrogates._tabular import FUNCTIONAL, TabularPredictor, library_seed

REQUIRES = {"ngboost": "trees", "sklearn": "trees"}

_LEAST_STD = 1e-3  # of the transformed target


class _Shared(np.random.RandomState):
    """A generator that copies of a tree go on drawing from: equal copies would all look at the same columns."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Shared":
        del memo
        return self


class NGBoost(TabularPredictor):
    """Natural-gradient boosting of a normal distribution.

    Args:
        space: where the architectures are from.
        encoding: features, see ``nasbench.encodings``.
        target: ``rank``, ``score`` or ``log_error``.
        n_rounds: trees of each of the two parameters.
        learning_rate: in (0, 1].
        minibatch_frac: share of the points that a round sees, in (0, 1].
        max_depth: of a tree.
        max_features: share of the columns that a split looks at, in (0, 1].
        min_samples_leaf: points of a leaf, at least; half of the training points if those are fewer.
        min_samples_split: points of a vertex that is split, at least; with the same limit.
    """

    min_points = 4
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "naslib": {
            "encoding": "one_hot",
            "target": "score",
            "max_features": 0.7920456318712875,
            "min_samples_leaf": 15,
            "min_samples_split": 20,
        }
    }
    ranges: ClassVar[Mapping[str, Range]] = {
        "n_rounds": Range(128, 512, log=True),
        "learning_rate": Range(0.001, 0.1, log=True),
        "minibatch_frac": Range(0.1, 1.0),
        "max_depth": Range(1, 24),
        "max_features": Range(0.1, 1.0),
    }
    quick: ClassVar[Mapping[str, Any]] = {"n_rounds": 10}

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = FUNCTIONAL,
        target: str = "rank",
        n_rounds: int = 505,
        learning_rate: float = 0.08127053060223186,
        minibatch_frac: float = 0.5081694143793387,
        max_depth: int = 6,
        max_features: float = 0.3,
        min_samples_leaf: int = 5,
        min_samples_split: int = 10,
    ) -> None:
        super().__init__(space, encoding=encoding, target=target)
        self._boosting = {
            "n_estimators": n_rounds,
            "learning_rate": learning_rate,
            "minibatch_frac": minibatch_frac,
        }
        self._tree = {"max_depth": max_depth, "max_features": max_features}
        self._leaf, self._split = min_samples_leaf, min_samples_split

    def _learn(self, features: Floats, value: Floats, rng: np.random.Generator) -> None:
        half, random = len(value) // 2, _Shared(library_seed(rng))
        leaf, split = min(max(half, 1), self._leaf), min(max(half, 2), self._split)
        tree = DecisionTreeRegressor(min_samples_leaf=leaf, min_samples_split=split, random_state=random, **self._tree)
        model = NGBRegressor(
            Dist=Normal,
            Score=LogScore,
            Base=tree,
            natural_gradient=True,
            verbose=False,
            random_state=random,
            **self._boosting,
        )
        self._model = model.fit(features, value)

    def _answer(self, features: Floats) -> tuple[Floats, Floats | None]:
        """Add up the trees as ``pred_dist`` does, without its copy of the features for each of a thousand trees."""
        model, single = self._model, features.astype(np.float32)
        parameters = np.tile(np.asarray(model.init_params, dtype=np.float64), (len(features), 1))
        for trees, scale in zip(model.base_models, model.scalings, strict=True):
            steps = [tree.tree_.predict(single).ravel() for tree in trees]
            parameters -= model.learning_rate * scale * np.column_stack(steps)
        return parameters[:, 0], np.maximum(np.exp(parameters[:, 1]), _LEAST_STD)
