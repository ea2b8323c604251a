"""Bayesian linear regression: a normal prior on the weights, its width and the noise by the evidence.

Source: MacKay 1992, "Bayesian Interpolation"; Bishop 2006, "Pattern Recognition and Machine Learning", sections 3.3
to 3.5. White et al. 2021 (arXiv 2104.01177) have it in their comparison, with hyperparameters drawn by Markov chains.

Here both hyperparameters are those of the highest evidence. In the basis of the features' singular vectors the
evidence depends on their ratio alone, which is searched on a grid of decibels and then by Brent's
method: no iteration that may not end. Features are standardised on the training points. Fitting is deterministic.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from scipy.optimize import minimize_scalar

from nasbench.arrays import Floats
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from surrogates._standard import Standard
from surrogates._tabular import FUNCTIONAL, TabularPredictor

_GRID = np.log(10) * np.arange(-8, 8.5, 0.5)  # logarithm of prior variance over noise variance


class BayesianLinearRegression(TabularPredictor):
    """A linear model with exact uncertainty.

    Args:
        space: where the architectures are from.
        encoding: features, see ``nasbench.encodings``.
        target: ``rank``, ``score`` or ``log_error``.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"naslib": {"encoding": "one_hot", "target": "score"}}

    def __init__(self, space: SearchSpace, *, encoding: str = FUNCTIONAL, target: str = "rank") -> None:
        super().__init__(space, encoding=encoding, target=target)

    def _learn_columns(self, batch: Batch) -> None:
        super()._learn_columns(batch)
        self._standard = Standard(super()._features(batch))

    def _features(self, batch: Batch) -> Floats:
        return self._standard(super()._features(batch))

    def _learn(self, features: Floats, value: Floats, rng: np.random.Generator) -> None:
        del rng
        self._centre = float(value.mean())
        left, root, self._right = np.linalg.svd(features, full_matrices=False)
        value = value - self._centre
        part = left.T @ value
        rest = max(float(value @ value - part @ part), 0.0)  # what no weights explain
        ratio = _best_ratio(root**2, part**2, rest, len(value))
        grown = 1 + ratio * root**2
        self._noise = max(float((part**2 / grown).sum() + rest) / len(value), 1e-9)
        self._weights = self._right.T @ (ratio * root * part / grown)
        # the prior's variance, less what the training points took of it along each singular vector
        self._width, self._taken = ratio * self._noise, ratio * self._noise * (1 - 1 / grown)

    def _answer(self, features: Floats) -> tuple[Floats, Floats | None]:
        along = np.square(features @ self._right.T) @ self._taken
        prior = self._width * np.square(features).sum(axis=1)
        return features @ self._weights + self._centre, np.sqrt(np.maximum(prior - along, 0) + self._noise)


def _best_ratio(eigenvalues: Floats, part: Floats, rest: float, n: int) -> float:
    """Return the prior variance over the noise variance of the highest evidence.

    Args:
        eigenvalues: [r] of the features' Gram matrix.
        part: [r] squared components of the centred target along its eigenvectors.
        rest: squared length of the target outside them.
        n: number of training points.
    """

    def loss(log_ratio: float) -> float:
        grown = 1 + np.exp(log_ratio) * eigenvalues
        noise = max((float((part / grown).sum()) + rest) / n, 1e-12)  # its own best value at this ratio
        return float(n * np.log(noise) + np.log(grown).sum())

    start = _GRID[int(np.argmin([loss(step) for step in _GRID]))]
    width = _GRID[1] - _GRID[0]
    found = minimize_scalar(loss, bounds=(start - width, start + width), method="bounded")
    return float(np.exp(found.x))
