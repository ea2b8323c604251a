"""Targets that predictors learn: the score, its rank among the training scores, or the logarithm of its error.

A target maps scores to numbers of about zero mean and unit variance, and maps predictions back to scores.
"""

from abc import ABC, abstractmethod

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from nasbench.arrays import Floats
from nasbench.errors import make_unknown_name
from nasbench.predictions import Prediction

_CENTRAL = float(ndtri(0.95))  # half the width of the central 90 % of a standard normal


class Target(ABC):
    """A monotonic map of scores, fitted to the training scores."""

    def __init__(self, score: Floats) -> None:
        self._learn(score)

    @abstractmethod
    def _learn(self, score: Floats) -> None: ...

    @abstractmethod
    def forward(self, score: Floats) -> Floats:
        """Map scores [n] to values of the target."""

    @abstractmethod
    def backward(self, value: Floats) -> Floats:
        """Map values of the target back to scores, any shape."""

    def make_prediction(self, mean: Floats, std: Floats | None) -> Prediction:
        """Convert a normal distribution of the target to scores: its median, and a standard deviation.

        The standard deviation is that of the normal distribution with an equally wide central 90 % interval. The
        second moment would describe mainly the tail of bad architectures, and is two to three times as large on
        NAS-Bench-201.
        """
        median = self.backward(mean)
        if std is None:
            return Prediction(median)
        width = self.backward(mean + _CENTRAL * std) - self.backward(mean - _CENTRAL * std)
        return Prediction(median, width / (2 * _CENTRAL))


class _Score(Target):
    """The score, shifted and scaled."""

    def _learn(self, score: Floats) -> None:
        self._shift, self._scale = float(score.mean()), float(score.std())

    def forward(self, score: Floats) -> Floats:
        return (score - self._shift) / self._scale

    def backward(self, value: Floats) -> Floats:
        return value * self._scale + self._shift

    def make_prediction(self, mean: Floats, std: Floats | None) -> Prediction:
        return Prediction(self.backward(mean), None if std is None else std * self._scale)


class _Rank(Target):
    """The normal score of the rank: robust against the few very bad architectures that most tables contain.

    The map interpolates between training scores. Beyond the best and the worst it continues with the mean slope of the
    outer tenth of the training scores.
    """

    def _learn(self, score: Floats) -> None:
        self._scores, first = np.unique(score, return_index=True)
        self._values = ndtri((rankdata(score) - 0.5) / len(score))[first]
        tenth = max(1, len(self._scores) // 10)
        scores, values = self._scores, self._values
        self._slopes = [(scores[b] - scores[a]) / (values[b] - values[a]) for a, b in ((0, tenth), (-1 - tenth, -1))]

    def forward(self, score: Floats) -> Floats:
        ranks: Floats = np.interp(score, self._scores, self._values)
        return ranks

    def backward(self, value: Floats) -> Floats:
        low, high = self._values[0], self._values[-1]
        inside: Floats = np.interp(value, self._values, self._scores)
        below, above = np.minimum(value - low, 0), np.maximum(value - high, 0)
        scores: Floats = inside + below * self._slopes[0] + above * self._slopes[1]
        return scores


class _LogError(Target):
    """The negative logarithm of the difference between 1 and the score, shifted and scaled.

    If scores exceed 1, the ceiling lies a tenth of their range above the best score instead of at 1.
    """

    def _learn(self, score: Floats) -> None:
        best = float(score.max())
        self._ceiling = 1.0 if best <= 1 else best + 0.1 * float(np.ptp(score))
        error = self._ceiling - score[score < self._ceiling]
        self._floor = max(float(error.min(initial=1.0)) / 10, 1e-6)  # keeps the logarithm finite at a perfect score
        raw = -np.log(np.maximum(self._ceiling - score, self._floor))
        self._shift, self._scale = float(raw.mean()), float(raw.std())

    def forward(self, score: Floats) -> Floats:
        return (-np.log(np.maximum(self._ceiling - score, self._floor)) - self._shift) / self._scale

    def backward(self, value: Floats) -> Floats:
        return self._ceiling - np.exp(-(value * self._scale + self._shift))


class Identity(Target):
    """The score itself, in its own unit."""

    def _learn(self, score: Floats) -> None:
        del score

    def forward(self, score: Floats) -> Floats:
        return score

    def backward(self, value: Floats) -> Floats:
        return value

    def make_prediction(self, mean: Floats, std: Floats | None) -> Prediction:
        return Prediction(mean, std)


_TARGETS = {"score": _Score, "rank": _Rank, "log_error": _LogError}


def find_target(name: str) -> type[Target]:
    """Return the target called ``name``.

    Raises:
        UnknownName: the target does not exist.
    """
    if name not in _TARGETS:
        raise make_unknown_name("target", name, _TARGETS)
    return _TARGETS[name]
