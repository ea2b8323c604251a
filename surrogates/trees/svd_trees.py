"""The rest of a learning curve from trees, in the few directions in which training curves differ.

Source: Yan, White, Savani & Hutter 2021, "NAS-Bench-x11 and the Power of Learning Curves", arXiv 2111.03602. A
singular value decomposition of the training curves keeps six directions, and trees predict an architecture's
coefficients.

Differences: the source predicts from the architecture alone. Here trees also see the epochs so far, and the
decomposition is that of the later epochs relative to the last seen value. The trees form one random forest of all
coefficients, because boosting, as in the source, learns hardly anything from a hundred curves. The uncertainty
combines the spread of the trees with their error on held-out training curves. One model is fitted for each number of
epochs seen, on first use.
"""

from typing import Any, NamedTuple

import numpy as np
from sklearn.ensemble import RandomForestRegressor

from nasbench.arrays import Floats
from nasbench.options import Count
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._curves import require_curves
from nasbench.surrogates._curves.per_length import PerLength
from nasbench.surrogates._scaled import COARSE, ScaledColumns
from nasbench.surrogates._tabular import draw_library_seed

REQUIRES = {"sklearn": "trees"}

_SHARE = 0.5  # share of the columns that a split considers
_LEAST_STD = 1e-4


class _Model(NamedTuple):
    """A forest of coefficients, their contribution to the last epoch, the mean there, and the residual variance."""

    forest: Any
    direction: Floats
    mean: float
    noise: float


class SVDTrees(PerLength):
    """A forest of coefficients.

    Args:
        space: the search space of the architectures.
        encoding: features of an architecture, see ``nasbench.encodings``; empty for none.
        directions: largest number of directions to keep.
        trees: number of trees; enough that each training curve is unseen by some.
    """

    def __init__(
        self, space: SearchSpace, *, encoding: str = COARSE, directions: Count = 6, trees: Count = 100
    ) -> None:
        super().__init__(space)
        self._columns, self._directions, self._trees = ScaledColumns(space, encoding), directions, trees

    def _learn(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        self._columns.fit(batch.archs)
        super()._learn(batch, value, rng)

    def _compute_features(self, batch: Batch, length: int) -> Floats:
        curves = require_curves(batch)[:, :length]
        constant = np.zeros((len(batch), 1))  # a tree needs a column
        return np.concatenate([self._columns(batch.archs), constant, curves, np.diff(curves, axis=1)], axis=1)

    def _make_base(self, batch: Batch, length: int) -> Floats:
        return require_curves(batch)[:, length - 1] if length else np.full(len(batch), self._expected[0])

    def _fit_length(self, batch: Batch, length: int, value: Floats, rng: np.random.Generator) -> _Model:
        rest = np.concatenate([require_curves(batch)[:, length:-1], value[:, None]], axis=1)
        rest = rest - self._make_base(batch, length)[:, None]
        mean = rest.mean(axis=0)
        left, singular, right = np.linalg.svd(rest - mean, full_matrices=False)
        coefficients = (left * singular)[:, : self._directions]
        forest = RandomForestRegressor(
            self._trees, max_features=_SHARE, oob_score=True, n_jobs=1, random_state=draw_library_seed(rng)
        ).fit(self._compute_features(batch, length), coefficients if coefficients.shape[1] > 1 else coefficients[:, 0])
        direction = right[: self._directions, -1]
        unseen = np.asarray(forest.oob_prediction_).reshape(coefficients.shape) @ direction
        noise = float(np.mean((rest[:, -1] - mean[-1] - unseen) ** 2))
        return _Model(forest, direction, float(mean[-1]), noise)

    def _predict_ends(self, model: _Model, batch: Batch, length: int) -> tuple[Floats, Floats]:
        features = self._compute_features(batch, length)
        trees = np.stack([tree.predict(features).reshape(len(batch), -1) for tree in model.forest.estimators_])
        gains = np.einsum("kmd,d->km", trees, model.direction)
        spread = np.sqrt(gains.var(axis=0) / 2 + model.noise / 2)
        return self._make_base(batch, length) + model.mean + gains.mean(axis=0), np.maximum(spread, _LEAST_STD)
