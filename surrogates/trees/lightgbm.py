"""LightGBM: gradient-boosted trees grown leaf by leaf.

Source: Ke et al. 2017, "LightGBM: A Highly Efficient Gradient Boosting Decision Tree" (NeurIPS). As a predictor of
architectures: Luo et al. 2020, "Accuracy Prediction with Non-neural Model for Neural Architecture Search" (arXiv
2007.04785), whose settings are preset ``luo2020`` (31 leaves of at least 5 points, learning rate 0.05, 90 % of the
columns, 80 % of the points resampled every 5 trees; one-hot code, scores). White et al. 2021 (arXiv 2104.01177) train
the same for 500 rounds on the one-hot code: preset ``naslib``.

Our defaults differ in the features (what an architecture computes), in learning ranks, and in trees with fewer leaves
that see a small random part of the columns at each split.

One thread grows the trees in the library's deterministic mode. ``rng`` seeds them.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import lightgbm as lgb
import numpy as np

from nasbench.arrays import Floats
from nasbench.options import Count, FromTwo, Positive, Share, Whole
from nasbench.spaces import SearchSpace
from nasbench.surrogates._ranges import Range
from nasbench.surrogates._tabular import FUNCTIONAL
from nasbench.surrogates.trees._boosting import BoostedTrees, Uncertainty

REQUIRES = {"lightgbm": "trees"}

_ALWAYS = {"num_threads": 1, "deterministic": True, "force_col_wise": True, "verbosity": -1}


class LightGBM(BoostedTrees):
    """Gradient-boosted trees grown leaf by leaf.

    Args:
        space: the search space of the architectures.
        encoding: features, see ``nasbench.encodings``.
        target: what the predictor learns: ``rank``, ``score`` or ``log_error``.
        uncertainty: ``bagging``, ``quantile`` or ``none``.
        n_members: number of models for ``bagging``.
        n_rounds: trees of a model.
        num_leaves: largest number of leaves of a tree.
        min_data_in_leaf: smallest number of points in a leaf; smaller if the training points do not fill four such
            leaves.
        learning_rate: in (0, 1].
        feature_fraction: share of the columns that a tree sees, in (0, 1].
        feature_fraction_bynode: share of a tree's columns that a split sees, in (0, 1].
        bagging_fraction: share of the points that a tree sees, in (0, 1].
        bagging_freq: number of trees after which the points are resampled.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "luo2020": {
            "encoding": "one_hot",
            "target": "score",
            "uncertainty": "none",
            "n_rounds": 100,
            "num_leaves": 31,
            "feature_fraction": 0.9,
            "feature_fraction_bynode": 1.0,
        },
        "naslib": {
            "encoding": "one_hot",
            "target": "score",
            "uncertainty": "none",
            "n_rounds": 500,
            "num_leaves": 31,
            "feature_fraction": 0.9,
            "feature_fraction_bynode": 1.0,
        },
    }
    ranges: ClassVar[Mapping[str, Range]] = {  # those of White et al. 2021
        "num_leaves": Range(10, 99),
        "learning_rate": Range(0.001, 0.1, log=True),
        "feature_fraction": Range(0.1, 1.0),
    }

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = FUNCTIONAL,
        target: str = "rank",
        uncertainty: Uncertainty = "bagging",
        n_members: int = 5,
        n_rounds: Count = 300,
        num_leaves: FromTwo = 15,
        min_data_in_leaf: Whole = 5,
        learning_rate: Positive = 0.05,
        feature_fraction: Share = 0.5,
        feature_fraction_bynode: Share = 0.3,
        bagging_fraction: Share = 0.8,
        bagging_freq: Whole = 5,
    ) -> None:
        super().__init__(space, encoding=encoding, target=target, uncertainty=uncertainty, n_members=n_members)
        self._n_rounds, self._min_data_in_leaf = n_rounds, min_data_in_leaf
        self._options = {
            "num_leaves": num_leaves,
            "learning_rate": learning_rate,
            "feature_fraction": feature_fraction,
            "feature_fraction_bynode": feature_fraction_bynode,
            "bagging_fraction": bagging_fraction,
            "bagging_freq": bagging_freq,
        }

    def _grow(self, features: Floats, value: Floats, seed: int, quantile: float | None = None) -> lgb.Booster:
        least = max(1, min(self._min_data_in_leaf, len(value) // 4))
        # by default, the library's bins need three points each, more than a rare path has
        data_options = {"min_data_in_bin": 1, "min_data_in_leaf": least, "feature_pre_filter": False}
        goal = {"objective": "regression"} if quantile is None else {"objective": "quantile", "alpha": quantile}
        data = lgb.Dataset(np.ascontiguousarray(features), label=value, params=_ALWAYS | data_options)
        return lgb.train(self._options | _ALWAYS | data_options | goal | {"seed": seed}, data, self._n_rounds)

    def _ask(self, model: lgb.Booster, features: Floats) -> Floats:
        answer: Floats = model.predict(np.ascontiguousarray(features), num_threads=1)
        return answer

    def _write(self, model: lgb.Booster) -> bytes:
        text: str = model.model_to_string()
        return text.encode()

    def _read(self, stored: bytes) -> lgb.Booster:
        return lgb.Booster(model_str=stored.decode())
