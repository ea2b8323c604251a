"""The policy gradient of independent categorical distributions, and Adam, in numpy."""

from typing import Any

import numpy as np

from nasbench.arrays import Archs, Floats


def policy(logits: Floats) -> Floats:
    """Return the softmax of each row of ``logits`` [d, k]; -inf where a decision has fewer choices."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def loss_gradient(logits: Floats, arch: Archs, advantage: float) -> Floats:
    """Return the derivative of -log p(``arch`` [d]) times ``advantage`` by the logits; ``[d, k]``."""
    gradient = policy(logits)
    gradient[np.arange(len(arch)), arch] -= 1.0
    return gradient * advantage


class Adam:
    """The optimiser, at its usual constants.

    Args:
        learning_rate: of each step.
    """

    _DECAYS = (0.9, 0.999)
    _EPSILON = 1e-8

    def __init__(self, learning_rate: float) -> None:
        self._rate, self._n = learning_rate, 0
        self._mean: Any = 0.0
        self._square: Any = 0.0

    def step(self, gradient: Floats) -> Floats:
        """Return what to subtract from the parameters."""
        self._n += 1
        first, second = self._DECAYS
        self._mean = first * self._mean + (1 - first) * gradient
        self._square = second * self._square + (1 - second) * gradient**2
        scale = np.sqrt(self._square / (1 - second**self._n)) + self._EPSILON
        return np.asarray(self._rate / (1 - first**self._n) * self._mean / scale)
