"""Scores as a linear function of one statistic of a training run, for estimators that only rank."""

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np

from nasbench.arrays import Floats
from nasbench.errors import PredictorError
from nasbench.predictions import Batch
from nasbench.surrogates._curves.per_length import PerLength

_LEAST_STD = 1e-4


class _Model(NamedTuple):
    """A line: its value at the mean statistic, that mean, the slope, and the residual standard deviation."""

    mean: float
    centre: float
    slope: float
    std: float


class LossLine(PerLength):
    """A non-decreasing line from a statistic that is larger for better losses.

    Subclasses implement ``_summarize_losses``.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"curves", "losses"})

    @abstractmethod
    def _summarize_losses(self, losses: Floats) -> Floats:
        """Return ``[n]`` the statistic of the losses [n, length, 2] seen so far; nan if they are missing."""

    def _compute_statistics(self, batch: Batch, length: int) -> Floats:
        if batch.losses is None:
            raise PredictorError("the batch holds no losses")
        return self._summarize_losses(batch.losses[:, :length]) if length else np.full(len(batch), np.nan)

    def _fit_length(self, batch: Batch, length: int, value: Floats, rng: np.random.Generator) -> _Model:
        del rng
        number = self._compute_statistics(batch, length)
        known = ~np.isnan(number)
        if known.sum() < 2:
            return _Model(float(value.mean()), 0.0, 0.0, float(value.std()))
        x, y = number[known] - number[known].mean(), value[known] - value[known].mean()
        slope = max(float(x @ y) / max(float(x @ x), 1e-12), 0.0)
        return _Model(float(value[known].mean()), float(number[known].mean()), slope, float((y - slope * x).std()))

    def _predict_ends(self, model: _Model, batch: Batch, length: int) -> tuple[Floats, Floats]:
        off = np.nan_to_num(self._compute_statistics(batch, length) - model.centre)
        return model.mean + model.slope * off, np.full(len(batch), max(model.std, _LEAST_STD))
