"""Methods with one model for each number of epochs seen; it predicts the end of a curve from its first epochs."""

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Floats
from nasbench.predictions import Batch
from nasbench.surrogates._curves.predictor import CurvePredictor, fill_gaps, find_last_epochs, require_curves


class PerLength(CurvePredictor):
    """One model per length, fitted on first use to the finished training curves cut at that length.

    Subclasses implement ``_fit_length`` and ``_predict_ends``. Gaps within a curve are interpolated linearly. A
    training curve that is shorter than the length is continued with its last value.
    """

    learns_from_partial_curves: ClassVar[bool] = False
    handles_unseen: ClassVar[bool] = True

    @abstractmethod
    def _fit_length(self, batch: Batch, length: int, value: Floats, rng: np.random.Generator) -> Any:
        """Learn final values [n] from curves without gaps [n, t], of which only the first ``length`` epochs count."""

    @abstractmethod
    def _predict_ends(self, model: Any, batch: Batch, length: int) -> tuple[Floats, Floats | None]:
        """Return mean and standard deviation of the final values of such curves, [m] each."""

    def _learn(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        curves = fill_gaps(require_curves(batch))
        at = find_last_epochs(curves)
        held = curves[np.arange(len(at)), at - 1][:, None]
        self._known = Batch(batch.archs, np.where(np.isnan(curves), held, curves), batch.proxies, batch.losses)
        self._value, self._seed, self._models = value, int(rng.integers(2**63)), dict[int, Any]()

    def _extrapolate(self, batch: Batch) -> tuple[Floats, Floats]:
        batch = Batch(batch.archs, fill_gaps(require_curves(batch)), batch.proxies, batch.losses)
        at = find_last_epochs(require_curves(batch))
        mean, std = np.empty(len(at)), np.zeros(len(at))
        for length in np.unique(at).tolist():
            rows = np.flatnonzero(at == length)
            mean[rows], own = self._predict_ends(self._get_model(length), batch.take(rows), length)
            std[rows] = 0.0 if own is None else own
        return mean, std

    def _get_model(self, length: int) -> Any:
        if length not in self._models:
            rng = np.random.default_rng([self._seed, length])
            self._models[length] = self._fit_length(self._known, length, self._value, rng)
        return self._models[length]
