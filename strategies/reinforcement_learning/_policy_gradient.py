"""The policy gradient of independent categorical distributions, and Adam, in numpy."""

import numpy as np

from nasbench.arrays import Archs, Floats

_FAR = 300.0  # logits farther apart than this have probabilities 0 and 1 relative to each other


class Policy:
    """Independent categorical distributions that learn.

    Args:
        logits: [d, k] at the start; -inf where a decision has fewer choices.
        learning_rate: of Adam.

    Attributes:
        logits: [d, k] current logits.
        ends: [d, k] cumulative odds of the choices of each decision.
    """

    def __init__(self, logits: Floats, learning_rate: float) -> None:
        self.logits = logits
        self._adam = Adam(learning_rate, logits.shape)
        self._firsts = np.arange(len(logits)) * logits.shape[1]
        self._odds, self.ends = np.empty_like(logits), np.empty_like(logits)
        # Adam's longest step is less than four learning rates, so this number of steps cannot overflow exp.
        self._every, self._n = max(1, int(_FAR / (4 * learning_rate))), 0
        self._weigh()

    def _weigh(self) -> None:
        if self._n % self._every == 0:  # the odds stay the same
            self.logits -= self.logits.max(axis=1, keepdims=True)
        self._n += 1
        np.exp(self.logits, self._odds)
        np.add.accumulate(self._odds, 1, None, self.ends)

    def compute_loss_gradient(self, arch: Archs, advantage: float) -> Floats:
        """Return the gradient by the logits of -log p(``arch`` [d]) times ``advantage``; ``[d, k]``."""
        gradient: Floats = self._odds / self.ends[:, -1:]
        gradient.reshape(-1)[self._firsts + arch] -= 1.0
        gradient *= advantage
        return gradient

    def learn(self, arch: Archs, advantage: float) -> None:
        """Take one step that makes ``arch`` [d] more likely if the advantage is positive."""
        self.logits -= self._adam.step(self.compute_loss_gradient(arch, advantage))
        self._weigh()


class Adam:
    """The optimiser Adam, with its usual constants.

    Args:
        learning_rate: of each step.
        shape: of the parameters.
    """

    _DECAYS = (0.9, 0.999)
    _EPSILON = 1e-8

    def __init__(self, learning_rate: float, shape: tuple[int, ...]) -> None:
        self._rate, self._n = learning_rate, 0
        # In place: allocating arrays this small costs as much as the computation.
        self._mean, self._square, self._step, self._scale = (np.zeros(shape) for _ in range(4))

    def step(self, gradient: Floats) -> Floats:
        """Return what to subtract from the parameters; the array is valid until the next call."""
        self._n += 1
        first, second = self._DECAYS
        step, scale = self._step, self._scale
        self._mean *= first
        self._mean += np.multiply(gradient, 1 - first, step)
        self._square *= second
        np.multiply(gradient, gradient, step)
        step *= 1 - second
        self._square += step
        np.multiply(self._square, 1 / (1 - second**self._n), scale)
        np.sqrt(scale, scale)
        scale += self._EPSILON
        np.divide(self._mean, scale, step)
        step *= self._rate / (1 - first**self._n)
        return step
