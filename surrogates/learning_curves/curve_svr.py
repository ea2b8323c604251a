"""nu-support vector regression of the end of a learning curve from its start, its differences, and the architecture.

Source: Baker, Gupta, Raskar & Naik 2017, "Accelerating Neural Architecture Search using Performance Prediction", arXiv
1705.10823: a radial kernel; the hyperparameters are the best of 1,000 random ones, by three-fold cross-validation.
They are drawn as in White et al. 2021 (arXiv 2104.01177): C and gamma log-uniform from 1e-5 to 10, nu uniform.

Differences: architectures are represented by an encoding. Further columns, such as the numbers of layers and
parameters and the learning rate that the source uses, can be passed as ``proxies`` of the batch. Features and target
are standardised on the training points. One model is fitted for each number of epochs seen, on first use. The method
has no standard deviation.
"""

import math
from typing import ClassVar

import numpy as np
from sklearn.svm import NuSVR as LibNuSVR

from nasbench.arrays import Floats, Ints
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._curves import require_curves
from nasbench.surrogates._curves.per_length import PerLength
from nasbench.surrogates._scaled import COARSE, ScaledColumns
from nasbench.surrogates._standard import Standard

REQUIRES = {"sklearn": "trees"}

_LOG_RANGE = (math.log(1e-5), math.log(10.0))
_FOLDS = 3
_ALMOST = 1e-3  # nu lies within (0, 1]

_Model = tuple[Standard, Floats, LibNuSVR]


class CurveSVR(PerLength):
    """Support vector regression on the start of the curve.

    Args:
        space: the search space of the architectures.
        encoding: features of an architecture, see ``nasbench.encodings``; empty for none.
        configurations: number of hyperparameter configurations to try.
    """

    uncertain: ClassVar[bool] = False

    def __init__(self, space: SearchSpace, *, encoding: str = COARSE, configurations: int = 1000) -> None:
        super().__init__(space)
        if configurations < 1:
            raise InvalidOption(f"configurations={configurations}; expected at least 1")
        self._columns, self._configurations = ScaledColumns(space, encoding), configurations

    def _learn(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        self._columns.fit(batch.archs)
        super()._learn(batch, value, rng)

    def _compute_features(self, batch: Batch, length: int) -> Floats:
        curves = require_curves(batch)[:, :length]
        differences = [np.diff(curves, order, axis=1) for order in range(min(3, length))]
        proxies = np.empty((len(batch), 0)) if batch.proxies is None else batch.proxies
        return np.concatenate([self._columns(batch.archs), proxies, *differences], axis=1)

    def _fit_length(self, batch: Batch, length: int, value: Floats, rng: np.random.Generator) -> _Model:
        features = self._compute_features(batch, length)
        standard, unit = Standard(features), np.array([value.mean(), value.std()])
        x, y = standard(features), (value - unit[0]) / unit[1]
        return standard, unit, search_svr(x, y, self._configurations, rng).fit(x, y)

    def _predict_ends(self, model: _Model, batch: Batch, length: int) -> tuple[Floats, None]:
        standard, unit, svr = model
        return unit[0] + unit[1] * svr.predict(standard(self._compute_features(batch, length))), None


def search_svr(x: Floats, y: Floats, configurations: int, rng: np.random.Generator) -> LibNuSVR:
    """Return the unfitted regression with the smallest squared error over three folds of features [n, f]."""
    fold: Ints = rng.permutation(len(y)) % _FOLDS
    c, gamma = np.exp(rng.uniform(_LOG_RANGE[0], _LOG_RANGE[1], size=(2, configurations)))
    nu = rng.uniform(_ALMOST, 1, size=configurations)
    models = [_make_svr(*options) for options in zip(c, gamma, nu, strict=True)]
    if len(y) < 2 * _FOLDS:
        return _make_svr(1.0, 1.0 / max(x.shape[1], 1), 0.5)
    parts = [(fold != i, fold == i) for i in range(_FOLDS)]
    errors = [sum(((model.fit(x[a], y[a]).predict(x[b]) - y[b]) ** 2).sum() for a, b in parts) for model in models]
    return models[int(np.argmin(errors))]


def _make_svr(c: float, gamma: float, nu: float) -> LibNuSVR:
    model = LibNuSVR(C=c, gamma=gamma, nu=nu)
    model.random_state = 0  # unused in regression; if unset, it is drawn from the global generator
    return model
