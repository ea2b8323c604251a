"""What predictors of learning curves share: checks of curves, units, and rows without any seen epoch."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.errors import PredictorError
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._predictor import CheckedPredictor
from nasbench.surrogates._targets import Identity

_LEAST_STD = 1e-6  # share of the range of scores; even a fully known curve is not certain to the last digit
_ROOM = (0.05, 0.85)  # where the worst and the best known value lie after scaling into [0, 1]


class CurvePredictor(CheckedPredictor):
    """A predictor of the score after the last epoch from the curve so far; scores and curves share one unit.

    Subclasses implement ``_learn`` and ``_extrapolate``. Both receive curves as fractions: unchanged if all values
    known in ``fit`` lie in [0, 1], otherwise shifted and scaled into this interval. For a row without any seen epoch,
    the prediction is the mean and standard deviation of the training curves' ends, unless the class has
    ``handles_unseen``. A class that is not ``uncertain`` returns no standard deviation.

    Args:
        space: the search space of the architectures.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"curves"})
    learns_from_partial_curves: ClassVar[bool] = True
    uncertain: ClassVar[bool] = True
    handles_unseen: ClassVar[bool] = False

    def __init__(self, space: SearchSpace) -> None:
        super().__init__(space)
        self._target_class = Identity

    @abstractmethod
    def _learn(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        """Learn from curves and final values [n], nan if unknown."""

    @abstractmethod
    def _extrapolate(self, batch: Batch) -> tuple[Floats, Floats | None]:
        """Return mean and standard deviation of final values, [m] each."""

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        batch, value = self._read_batch(batch, value)
        self._learn(batch, value, rng)

    def _read_batch(self, batch: Batch, value: Floats) -> tuple[Batch, Floats]:
        """Set horizon, unit and the prediction for unseen curves; return batch and values in this unit."""
        curves = require_curves(batch)
        self._horizon = curves.shape[1]
        known = np.concatenate([curves[~np.isnan(curves)], value[~np.isnan(value)]])
        self._unit = _find_unit(known)
        batch, value = self._scale_to_unit(batch), (value - self._unit[0]) / self._unit[1]
        ends = np.where(np.isnan(value), find_last_values(require_curves(batch)), value)
        self._expected = float(ends.mean()), max(float(ends.std()), 1e-3)
        return batch, value

    def _scale_to_unit(self, batch: Batch) -> Batch:
        low, scale = self._unit
        return Batch(batch.archs, (require_curves(batch) - low) / scale, batch.proxies, batch.losses)

    def _predict(self, batch: Batch) -> tuple[Floats, Floats | None]:
        batch = self._scale_to_unit(batch)
        seen = np.ones(len(batch), bool) if self.handles_unseen else find_last_epochs(require_curves(batch)) > 0
        mean, std = (np.full(len(batch), expected) for expected in self._expected)
        if seen.any():
            mean[seen], own = self._extrapolate(batch.take(np.flatnonzero(seen)))
            std[seen] = 0.0 if own is None else own
        low, scale = self._unit
        return low + scale * mean, scale * np.maximum(std, _LEAST_STD) if self.uncertain else None

    def _check_batch(self, batch: Batch) -> Batch:
        batch = super()._check_batch(batch)
        curves = require_curves(batch)
        if np.isinf(curves).any():
            row, epoch = np.argwhere(np.isinf(curves))[0]
            raise PredictorError(
                f"curve {row} is infinite at epoch {epoch + 1}; write nan where a training run diverged"
            )
        if not curves.shape[1]:
            raise PredictorError("curves have no epochs; their width must be the number of epochs of the recipe")
        return batch


def _find_unit(known: Floats) -> tuple[float, float]:
    """Return the offset and the divisor that turn known values into fractions."""
    low, high = float(known.min()), float(known.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    scale = max(high - low, 1e-9) / (_ROOM[1] - _ROOM[0])
    return low - _ROOM[0] * scale, scale


def require_curves(batch: Batch) -> Floats:
    """Return the curves ``[n, t]`` of a batch; raise an error if it has none."""
    if batch.curves is None:
        raise PredictorError("the batch has no curves; expected curves [n, epochs]")
    return np.asarray(batch.curves, dtype=np.float64)


def find_last_epochs(curves: Floats) -> Ints:
    """Return ``[n]`` the last seen epoch (1-based) of curves [n, t]; 0 if no epoch was seen."""
    seen = ~np.isnan(curves)
    last: Ints = np.where(seen.any(axis=1), curves.shape[1] - np.argmax(seen[:, ::-1], axis=1), 0)
    return last


def find_last_values(curves: Floats) -> Floats:
    """Return ``[n]`` the last seen value of curves [n, t]; nan if no epoch was seen."""
    values: Floats = curves[np.arange(len(curves)), find_last_epochs(curves) - 1]
    return values


def fill_gaps(curves: Floats) -> Floats:
    """Return curves [n, t] with gaps interpolated linearly.

    The first seen value fills the start; epochs after the last seen one stay nan.
    """
    n, t = curves.shape
    seen, at = ~np.isnan(curves), np.arange(t)
    before = np.maximum.accumulate(np.where(seen, at, -1), axis=1)
    after = np.minimum.accumulate(np.where(seen, at, t)[:, ::-1], axis=1)[:, ::-1]
    rows = np.arange(n)[:, None]
    left, right = np.where(before < 0, after, before), np.where(after == t, before, after)
    low, high = curves[rows, left.clip(0, t - 1)], curves[rows, right.clip(0, t - 1)]
    share = (at - left) / np.maximum(right - left, 1)
    values: Floats = low + np.where(before < 0, 0.0, share) * (high - low)
    return np.where(after == t, np.nan, values)
