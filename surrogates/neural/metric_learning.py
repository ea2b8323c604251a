"""Metric learning for kernel regression: a distance in which near architectures have similar scores.

Source: Weinberger & Tesauro 2007, "Metric Learning for Kernel Regression" (AISTATS, PMLR 2:612-619). A linear map of
an encoding minimises the squared leave-one-out error of kernel regression (Nadaraya 1964, Watson 1964). The kernel is
exp(-d^2) of the distances d after the map; a prediction is the mean of the training scores under that kernel. The
method has no standard deviation.

The paper allows any features; the encoding of architectures and the number of dimensions are our choice. Differences:
L-BFGS instead of conjugate gradients; a start at the principal components, scaled so that the mean squared distance is
one; in large training sets, the map is learnt from a sample of the points because the cost grows with their square.
"""

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax

from nasbench.arrays import Archs, Floats
from nasbench.encodings import make_encoding
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._predictor import CheckedPredictor, State

_CHUNK = 1024  # architectures predicted at once


class MetricLearning(CheckedPredictor):
    """Kernel regression in a learnt metric.

    Args:
        space: the search space of the architectures.
        encoding: features, see ``nasbench.encodings``.
        dimensions: largest number of dimensions after the map.
        max_iterations: largest number of iterations of the optimiser.
        metric_points: largest number of training points from which the map is learnt, drawn by ``rng``; predictions
            average over all points.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
    """

    min_points = 3

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = "path_bag+live_operations",
        dimensions: int = 10,
        max_iterations: int = 100,
        metric_points: int = 1000,
        target: str = "rank",
    ) -> None:
        super().__init__(space, target=target)
        if dimensions < 1 or max_iterations < 0 or metric_points < 3:
            raise InvalidOption(
                f"dimensions={dimensions}, max_iterations={max_iterations}, metric_points={metric_points}; "
                "expected dimensions from 1, max_iterations from 0 and metric_points from 3"
            )
        self._encoding = make_encoding(space, encoding)
        self._dimensions, self._max_iterations, self._metric_points = dimensions, max_iterations, metric_points

    def embed(self, archs: Archs) -> Floats:
        """Return the positions of architectures [n, d] after the map; ``[n, dimensions]``."""
        # einsum, because a matrix product may round a row differently in a batch of another size
        places: Floats = np.einsum("nf,rf->nr", self._encoding.encode(archs) - self._centre, self._map)
        return places

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        self._encoding.fit(batch.archs)
        chosen = np.arange(len(value))
        if len(value) > self._metric_points:
            chosen = np.sort(rng.choice(len(value), self._metric_points, replace=False))
        x = self._encoding.encode(batch.archs[chosen])
        self._centre = x.mean(axis=0)
        self._map = learn_map(x - self._centre, value[chosen], self._dimensions, self._max_iterations)
        self._remember(batch, value)

    def _remember(self, batch: Batch, value: Floats) -> None:
        self._places, self._value = self.embed(batch.archs), value

    def _predict(self, batch: Batch) -> tuple[Floats, Floats | None]:
        parts = []
        for first in range(0, len(batch), _CHUNK):
            asked = self.embed(batch.archs[first : first + _CHUNK])
            weights = softmax(-_compute_squared_distances(asked, self._places), axis=1)
            parts.append(np.einsum("mn,n->m", weights, self._value))
        return np.concatenate(parts), None

    def _state(self) -> State:
        return {"map": self._map, "centre": self._centre}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        self._encoding.fit(batch.archs)
        self._map, self._centre = state["map"], state["centre"]
        self._remember(batch, value)


def learn_map(x: Floats, value: Floats, dimensions: int, max_iterations: int) -> Floats:
    """Return the linear map [r, f] that minimises the leave-one-out error, for centred features [n, f]."""
    start = _compute_principal_map(x, dimensions)

    def error(flat: Floats) -> tuple[float, Floats]:
        loss, slope = compute_leave_one_out_error(flat.reshape(start.shape), x, value)
        return loss, slope.ravel()

    found = minimize(error, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": max_iterations})
    best: Floats = found.x.reshape(start.shape)
    return best


def compute_leave_one_out_error(mapping: Floats, x: Floats, value: Floats) -> tuple[float, Floats]:
    """Return the squared leave-one-out error of kernel regression, and its gradient [r, f].

    Weinberger & Tesauro's equations 4 and 6. The gradient is a Laplacian of the weights of all pairs, which avoids an
    [n, n, f] array.
    """
    places = x @ mapping.T
    squares = (places**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * places @ places.T
    np.fill_diagonal(distances, np.inf)
    weights = softmax(-distances, axis=1)
    miss = weights @ value - value
    pairs = miss[:, None] * weights * (value - (value + miss)[:, None])
    pairs = pairs + pairs.T
    slope = -4 * mapping @ (x.T @ (pairs.sum(axis=1)[:, None] * x - pairs @ x))
    return float(miss @ miss), slope


def _compute_principal_map(x: Floats, dimensions: int) -> Floats:
    _, singular, right = np.linalg.svd(x, full_matrices=False)
    kept = right[:dimensions]
    spread = 2 * (singular[:dimensions] ** 2).sum() / len(x)  # mean squared distance of two points
    scaled: Floats = kept / np.sqrt(spread if spread > 0 else 1.0)
    return scaled


def _compute_squared_distances(a: Floats, b: Floats) -> Floats:
    """Return [n, m]; the sum over differences makes each row independent of the others."""
    total = np.zeros((len(a), len(b)))
    for left, right in zip(a.T, b.T, strict=True):
        total += (left[:, None] - right) ** 2
    return total
