"""A predictor of learning curves in a search: what it learns of finished training runs and of those that go on."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.choices import Choice
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch, Prediction, make_predictor, predictor_capabilities_of
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least


class CurveModel:
    """A predictor that follows a search.

    Args:
        space: where the architectures are from.
        predictor: label of a predictor that needs learning curves, and nothing else.
        steps: epochs at which trainings are looked at, rising; the last is the end.
        refit_every: results between two fits.

    Raises:
        UnknownName: no such predictor.
        InvalidOption: one that needs other things, or ``refit_every`` below 1.
    """

    def __init__(
        self, space: SearchSpace, predictor: "str | type | Choice", *, steps: Sequence[int], refit_every: int
    ) -> None:
        check_at_least(1, refit_every=refit_every)
        self._label, self._predictor = predictor, cast(Any, make_predictor(space, predictor))
        if self._predictor.needs != {"curves"}:
            raise InvalidOption(
                f"predictor {predictor!r} needs {' and '.join(sorted(self._predictor.needs)) or 'no curves'}; choose "
                "one that needs learning curves alone, such as lc_pfn, freeze_thaw, dyhpo, dpl, curve_svr"
            )
        self._columns = np.array(steps, dtype=np.int64) - 1
        self._refit_every, self._n_since = refit_every, refit_every
        self._fitted = False

    @property
    def learns_from_partial_curves(self) -> bool:
        """Whether trainings that go on teach it something."""
        return predictor_capabilities_of(self._predictor).learns_from_partial_curves

    def notify(self) -> None:
        """Count a result that the next fit would know of."""
        self._n_since += 1

    def learn(self, archs: Archs, curves: Sequence[Sequence[float]], rng: np.random.Generator) -> bool:
        """Fit to architectures [n, d] and their scores at each step so far, if it is time; return whether it was.

        Trainings whose curve is as long as there are steps are complete. Others are left out where the predictor
        learns from complete ones alone. Nothing is learnt from too few, or if all are equal.
        """
        if self._n_since < self._refit_every:
            return False
        known = self._batch(archs, curves)
        scores = np.array([curve[-1] if len(curve) == len(self._columns) else np.nan for curve in curves])
        if not self.learns_from_partial_curves:
            rows = np.flatnonzero(~np.isnan(scores))
            known, scores = known.take(rows), scores[rows]
        if len(scores) < predictor_capabilities_of(self._predictor).min_points or (scores == scores[0]).all():
            return False
        self._predictor.fit(known, scores, rng)
        self._fitted, self._n_since = True, 0
        return True

    def predict(self, archs: Archs, curves: Sequence[Sequence[float]]) -> Prediction | None:
        """Return what is expected at the end of trainings of [m, d] with scores so far; None before the first fit.

        Raises:
            InvalidOption: it has no standard deviation.
        """
        if not self._fitted:
            return None
        return cast(Prediction, self._predictor.predict(self._batch(archs, curves)))

    def require_std(self, prediction: Prediction) -> Floats:
        """Return the standard deviations [m] of a prediction.

        Raises:
            InvalidOption: it has none.
        """
        if prediction.std is None:
            raise InvalidOption(f"predictor {self._label!r} has no standard deviation; choose one that has")
        return prediction.std

    def _batch(self, archs: Archs, curves: Sequence[Sequence[float]]) -> Batch:
        wide = np.full((len(archs), int(self._columns[-1]) + 1), np.nan)
        for row, curve in zip(wide, curves, strict=True):
            row[self._columns[: len(curve)]] = curve
        return Batch(archs, wide)


def select_checkpoints(epochs: Sequence[int], n: int) -> tuple[int, ...]:
    """Return about ``n`` of the epochs that a task answers, evenly spread, the last among them; at most all."""
    check_at_least(1, n=n)
    if not epochs:
        return ()
    places = np.unique(np.round(np.arange(1, n + 1) / n * len(epochs)).astype(np.int64).clip(1) - 1)
    return tuple(np.asarray(epochs)[places].tolist())
