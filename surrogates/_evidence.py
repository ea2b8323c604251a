"""Linear regression under a normal prior on the weights, whose width and noise are those of the highest evidence.

MacKay 1992, "Bayesian Interpolation". In the basis of the features' singular vectors the evidence depends on the
ratio of the two variances alone, which is searched on a grid and then by Brent's method: no iteration that
may not end.
"""

import numpy as np
from scipy.optimize import minimize_scalar

from nasbench.arrays import Floats

_GRID = np.log(10) * np.arange(-8, 8.5, 0.5)  # logarithm of prior variance over noise variance


class Evidence:
    """A fitted linear model.

    Args:
        features: [n, f].
        value: [n].
    """

    def __init__(self, features: Floats, value: Floats) -> None:
        self._centre = float(value.mean())
        left, root, self._right = np.linalg.svd(features, full_matrices=False)
        value = value - self._centre
        part = left.T @ value
        rest = max(float(value @ value - part @ part), 0.0)  # what no weights explain
        ratio = _best_ratio(root**2, part**2, rest, len(value))
        grown = 1 + ratio * root**2
        self.noise = max(float((part**2 / grown).sum() + rest) / len(value), 1e-9)
        self.width = ratio * self.noise
        self.weights = self._right.T @ (ratio * root * part / grown)
        # what the training points took of the prior's variance along each singular vector
        self._taken = self.width * (1 - 1 / grown)

    def answer(self, features: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of new measurements at features [m, f]; [m] each."""
        along = np.square(features @ self._right.T) @ self._taken
        prior = self.width * np.square(features).sum(axis=1)
        return features @ self.weights + self._centre, np.sqrt(np.maximum(prior - along, 0) + self.noise)


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
