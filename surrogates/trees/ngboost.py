"""NGBoost: trees boosted along the natural gradient of a normal distribution's mean and spread.

Source: Duan et al. 2020, "NGBoost: Natural Gradient Boosting for Probabilistic Prediction" (arXiv 1910.03225). As a
predictor of architectures: White et al. 2021 (arXiv 2104.01177), whose settings these are: 505 rounds, half of the
points and four fifths of the columns for each tree of depth 6, leaves of at least 15 points, or half of the training
points if those are fewer. On the one-hot code and scores they are preset ``naslib``.

Our defaults differ in the features (what an architecture computes), in learning ranks, and in smaller leaves: leaves
of 15 points learn little from a hundred.

The method's own standard deviation is far too small after so many rounds, because the mean keeps improving long after
the spread has overfitted. So the mean is that of all rounds, and the spread that of the round at which points held out
from training, in three folds, were most likely. This spread is multiplied by the factor that puts 68 % of the held-out
points within one standard deviation (the width of conformal intervals: Papadopoulos et al. 2002; from folds: Barber et
al. 2021, "Predictive Inference with the Jackknife+", arXiv 1905.02928). Calibration triples the fitting time;
``calibrated=False`` keeps the library's own standard deviation. Below 12 training points, which are too few to hold
some out, and if all training architectures are alike, the spread is that of the training points.

The method needs 4 training points. A restored model is fitted again from the training data. The logarithmic score
(maximum likelihood) is the only one offered.
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from ngboost import NGBRegressor
from ngboost.distns import Normal
from ngboost.distns.distn import RegressionDistn
from ngboost.scores import LogScore
from sklearn import config_context
from sklearn.tree import DecisionTreeRegressor

from nasbench.arrays import Floats
from nasbench.options import Count, FromTwo, Positive, Share
from nasbench.spaces import SearchSpace
from nasbench.surrogates._ranges import Range
from nasbench.surrogates._tabular import FUNCTIONAL, TabularPredictor, draw_library_seed

REQUIRES = {"ngboost": "trees", "sklearn": "trees"}

_LEAST_STD = 1e-3  # of the transformed target
_LOG_ROOT = np.log(np.sqrt(2 * np.pi))
_WITHIN_ONE = 0.6826894921370859  # of a normal distribution, of its mean
_FOLDS = 3
_LEAST_TO_CALIBRATE = 12


class _Shared(np.random.RandomState):
    """A generator that copies of a tree share, because equal copies would all consider the same columns."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Shared":
        del memo
        return self


class _Density:
    """The logarithm of normal densities, with the same bits as scipy.

    Args:
        loc: [n] means.
        scale: [n] standard deviations.
    """

    def __init__(self, loc: Floats, scale: Floats) -> None:
        self._loc, self._scale = loc, scale

    def logpdf(self, y: Floats) -> Floats:
        """Return the log densities at ``y`` [n]; minus infinity if a standard deviation is 0."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            z = (y - self._loc) / self._scale
            values: Floats = np.where(self._scale > 0, -(z**2) / 2.0 - _LOG_ROOT - np.log(self._scale), -np.inf)
        return values


class _LightNormal(Normal):
    """The library's normal distribution without scipy's object, whose creation takes 1 ms and happens 13,000 times."""

    def __init__(self, params: Floats) -> None:
        RegressionDistn.__init__(self, params)
        self.loc, self.scale = params[0], np.exp(params[1])
        self.var = self.scale**2
        self.dist = _Density(self.loc, self.scale)


class NGBoost(TabularPredictor):
    """Natural-gradient boosting of a normal distribution.

    Args:
        space: the search space of the architectures.
        encoding: features, see ``nasbench.encodings``.
        target: what the predictor learns: ``rank``, ``score`` or ``log_error``.
        n_rounds: trees of each of the two parameters.
        learning_rate: in (0, 1].
        minibatch_frac: share of the points that a round sees, in (0, 1].
        max_depth: largest depth of a tree.
        max_features: share of the columns that a split considers, in (0, 1].
        min_samples_leaf: smallest number of points in a leaf; half of the training points if those are fewer.
        min_samples_split: smallest number of points in a vertex that is split; with the same limit.
        calibrated: estimate the standard deviation from held-out points.
    """

    min_points = 4
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "naslib": {
            "encoding": "one_hot",
            "target": "score",
            "max_features": 0.7920456318712875,
            "min_samples_leaf": 15,
            "min_samples_split": 20,
            "calibrated": False,
        }
    }
    ranges: ClassVar[Mapping[str, Range]] = {
        "n_rounds": Range(128, 512, log=True),
        "learning_rate": Range(0.001, 0.1, log=True),
        "minibatch_frac": Range(0.1, 1.0),
        "max_depth": Range(1, 24),
        "max_features": Range(0.1, 1.0),
    }

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = FUNCTIONAL,
        target: str = "rank",
        n_rounds: Count = 505,
        learning_rate: Positive = 0.08127053060223186,
        minibatch_frac: Share = 0.5081694143793387,
        max_depth: Count = 6,
        max_features: Share = 0.3,
        min_samples_leaf: Count = 5,
        min_samples_split: FromTwo = 10,
        calibrated: bool = True,
    ) -> None:
        super().__init__(space, encoding=encoding, target=target)
        self._boosting = {
            "n_estimators": n_rounds,
            "learning_rate": learning_rate,
            "minibatch_frac": minibatch_frac,
        }
        self._tree = {"max_depth": max_depth, "max_features": max_features}
        self._leaf, self._split, self._calibrates = min_samples_leaf, min_samples_split, calibrated

    def _learn(self, features: Floats, value: Floats, rng: np.random.Generator) -> None:
        self._model = self._boost(features, value, draw_library_seed(rng))
        self._spread_round, self._factor = len(self._model.base_models), 1.0
        if self._calibrates:
            self._spread_round, self._factor = self._calibrate(features, value, rng)

    def _boost(self, features: Floats, value: Floats, seed: int) -> NGBRegressor:
        half, random = len(value) // 2, _Shared(seed)
        leaf, split = min(max(half, 1), self._leaf), min(max(half, 2), self._split)
        tree = DecisionTreeRegressor(min_samples_leaf=leaf, min_samples_split=split, random_state=random, **self._tree)
        model = NGBRegressor(
            Dist=_LightNormal,
            Score=LogScore,
            Base=tree,
            natural_gradient=True,
            verbose=False,
            random_state=random,
            **self._boosting,
        )
        with config_context(skip_parameter_validation=True, assume_finite=True):  # saves a millisecond per tree
            return model.fit(features, value)

    def _calibrate(self, features: Floats, value: Floats, rng: np.random.Generator) -> tuple[int, float]:
        """Return the number of rounds after which the spread is best, and the factor to multiply it by."""
        n = len(value)
        _, group = np.unique(features, axis=0, return_inverse=True)  # repeated measurements share a fold
        fold = (rng.permutation(int(group.max()) + 1) % _FOLDS)[group.ravel()]
        if n < _LEAST_TO_CALIBRATE or group.max() == 0 or any(np.ptp(value[fold != k]) == 0 for k in range(_FOLDS)):
            return 0, 1.0
        rounds = np.unique(self._boosting["n_estimators"] // 2 ** np.arange(8)).tolist()
        missed, std = np.empty(n), np.empty((len(rounds), n))
        for k in range(_FOLDS):
            rest, out = fold != k, fold == k
            mean, std[:, out] = _predict_staged(
                self._boost(features[rest], value[rest], draw_library_seed(rng)), features[out], rounds
            )
            missed[out] = np.abs(value[out] - mean)
        factors = np.array([find_std_factor(missed / each) for each in std])
        scaled = factors[:, None] * std
        likelihood = -(np.square(missed / scaled) / 2 + np.log(scaled)).mean(axis=1)
        best = int(likelihood.argmax())
        return rounds[best], float(factors[best])

    def _answer(self, features: Floats) -> tuple[Floats, Floats | None]:
        mean, std = _predict_staged(self._model, features, [self._spread_round])
        return mean, np.maximum(self._factor * std[0], _LEAST_STD)


def _predict_staged(model: NGBRegressor, features: Floats, rounds: list[int]) -> tuple[Floats, Floats]:
    """Return the mean after all rounds [m], and the standard deviation after each of ``rounds``; ``[rounds, m]``.

    It sums the trees as ``pred_dist`` does, but without copying the features for each of a thousand trees.
    """
    single = features.astype(np.float32)
    parameters = np.tile(np.asarray(model.init_params, dtype=np.float64), (len(features), 1))
    after = {0: parameters[:, 1].copy()}
    for i, (trees, scale) in enumerate(zip(model.base_models, model.scalings, strict=True), start=1):
        parameters -= (
            model.learning_rate * scale * np.column_stack([tree.tree_.predict(single).ravel() for tree in trees])
        )
        if i in rounds:
            after[i] = parameters[:, 1].copy()
    last = after | {len(model.base_models): parameters[:, 1]}  # the library stops early if nothing is left to fit
    logarithms = np.array([last.get(i, parameters[:, 1]) for i in rounds])
    return parameters[:, 0], np.maximum(np.exp(logarithms), _LEAST_STD)


def find_std_factor(ratio: Floats) -> float:
    """Return the factor for standard deviations, from errors divided by them [n].

    With this factor, as many points lie within one standard deviation as for a normal distribution, counting one
    additional point beyond all others (split conformal prediction). Few points give wide intervals.
    """
    rank = min(math.ceil((len(ratio) + 1) * _WITHIN_ONE), len(ratio))
    return float(np.sort(ratio)[rank - 1])
