"""XGBoost: gradient-boosted trees, by regression or by ranking.

Source: Chen & Guestrin 2016, "XGBoost: A Scalable Tree Boosting System" (arXiv 1603.02754). As a predictor of
architectures: White et al. 2021, "How Powerful are Performance Predictors in Neural Architecture Search?" (arXiv
2104.01177) and NAS-Bench-301 (Siems et al. 2020, arXiv 2008.09777).

White et al. train 500 rounds with the library's defaults on the one-hot code and the scores: preset ``naslib``. Our
defaults differ: a low learning rate with a random part of the columns, ranks instead of scores, and features of what
an architecture computes, which matter most. Preset ``pairwise`` learns only the order (RankNet and LambdaMART, Burges
2010); a line through the training points converts its output, which has no unit, into scores. The library's
``rank:ndcg`` is left out: with its gain, little but the very best architectures counts.

The uncertainty comes from bagging. ``uncertainty=quantile`` costs less, but its intervals are too narrow for few
points.

One thread grows the trees, so results are the same on every machine. ``rng`` seeds them.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import xgboost as xgb
from scipy.stats import rankdata

from nasbench.arrays import Floats
from nasbench.errors import InvalidOption
from nasbench.options import Count, NotNegative, Positive, Share, Whole
from nasbench.spaces import SearchSpace
from nasbench.surrogates._ranges import Range
from nasbench.surrogates._tabular import FUNCTIONAL
from nasbench.surrogates.trees._boosting import BoostedTrees, Uncertainty

REQUIRES = {"xgboost": "trees"}

_OBJECTIVES: dict[str, dict[str, Any]] = {
    "regression": {"objective": "reg:squarederror"},
    # pairs over all training points; the library's default compares only with the best 32
    "pairwise": {"objective": "rank:pairwise", "lambdarank_pair_method": "mean", "lambdarank_num_pair_per_sample": 8},
}


class XGBoost(BoostedTrees):
    """Gradient-boosted trees by second-order steps.

    Args:
        space: the search space of the architectures.
        encoding: features, see ``nasbench.encodings``.
        target: what the predictor learns: ``rank``, ``score`` or ``log_error``.
        objective: ``regression`` or ``pairwise``.
        uncertainty: ``bagging``, ``quantile`` (with ``regression`` only) or ``none``.
        n_members: number of models for ``bagging``.
        n_rounds: trees of a model.
        max_depth: largest depth of a tree.
        learning_rate: in (0, 1].
        min_child_weight: smallest sum of second derivatives in a leaf; for ``regression``, smallest number of points.
        subsample: share of the points that a tree sees, in (0, 1].
        colsample_bytree: share of the columns that a tree sees, in (0, 1].
        colsample_bylevel: share of a tree's columns that a level sees, in (0, 1].
        colsample_bynode: share of a level's columns that a split sees, in (0, 1].

    Raises:
        InvalidOption: the objective or uncertainty is unknown, or ``quantile`` is combined with ``pairwise``.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "naslib": {
            "encoding": "one_hot",
            "target": "score",
            "uncertainty": "none",
            "n_rounds": 500,
            "max_depth": 6,
            "learning_rate": 0.3,
            "min_child_weight": 1,
            "subsample": 1.0,
            "colsample_bynode": 1.0,
        },
        "pairwise": {"objective": "pairwise", "min_child_weight": 0.1},
    }
    # those of White et al. 2021, which also allow shares of columns of 0
    ranges: ClassVar[Mapping[str, Range]] = {
        "max_depth": Range(1, 14),
        "min_child_weight": Range(1, 9),
        "colsample_bytree": Range(0.05, 1.0),
        "learning_rate": Range(0.001, 0.5, log=True),
        "colsample_bylevel": Range(0.05, 1.0),
    }

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = FUNCTIONAL,
        target: str = "rank",
        objective: Literal["regression", "pairwise"] = "regression",
        uncertainty: Uncertainty = "bagging",
        n_members: int = 5,
        n_rounds: Count = 300,
        max_depth: Whole = 6,
        learning_rate: Positive = 0.05,
        min_child_weight: NotNegative = 1,
        subsample: Share = 0.8,
        colsample_bytree: Share = 1.0,
        colsample_bylevel: Share = 1.0,
        colsample_bynode: Share = 0.2,
    ) -> None:
        super().__init__(space, encoding=encoding, target=target, uncertainty=uncertainty, n_members=n_members)
        if objective not in _OBJECTIVES:
            raise InvalidOption(f"objective={objective!r}; expected one of {', '.join(_OBJECTIVES)}")
        if objective != "regression" and uncertainty == "quantile":
            raise InvalidOption(f"objective={objective!r} has no quantiles; choose uncertainty=bagging or none")
        self._objective, self._n_rounds = objective, n_rounds
        self._options = {
            "max_depth": max_depth,
            "learning_rate": learning_rate,
            "min_child_weight": min_child_weight,
            "subsample": subsample,
            "colsample_bytree": colsample_bytree,
            "colsample_bylevel": colsample_bylevel,
            "colsample_bynode": colsample_bynode,
        }

    def _grow(self, features: Floats, value: Floats, seed: int, quantile: float | None = None) -> xgb.Booster:
        data = xgb.DMatrix(features, label=self._make_labels(value), nthread=1)
        if self._objective != "regression":
            data.set_group([len(value)])
        options = self._options | _OBJECTIVES[self._objective] | {"seed": seed, "nthread": 1, "verbosity": 0}
        if quantile is not None:
            options |= {"objective": "reg:quantileerror", "quantile_alpha": quantile}
        return xgb.train(options, data, self._n_rounds)

    def _make_labels(self, value: Floats) -> Floats:
        """Return the labels for the objective: values, or grades from 0 upwards, which encode only the order."""
        if self._objective == "regression":
            return value
        place: Floats = rankdata(value) - 1
        return place

    def _fit_line(self, answer: Floats, value: Floats) -> tuple[float, float]:
        if self._objective == "regression":
            return 1.0, 0.0
        off = answer.astype(np.float64) - answer.mean()
        slope = float(off @ (value - value.mean()) / max(off @ off, 1e-12))
        return slope, float(value.mean() - slope * answer.mean())

    def _ask(self, model: xgb.Booster, features: Floats) -> Floats:
        answer: Floats = model.predict(xgb.DMatrix(features, nthread=1), output_margin=True)
        return answer.astype(np.float64)

    def _write(self, model: xgb.Booster) -> bytes:
        return bytes(model.save_raw("ubj"))

    def _read(self, stored: bytes) -> xgb.Booster:
        model = xgb.Booster({"nthread": 1})
        model.load_model(bytearray(stored))
        return model
