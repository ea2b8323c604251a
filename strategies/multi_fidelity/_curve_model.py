"""A predictor of learning curves in a search: it learns from complete and from partial training runs."""

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
        steps: epochs at which training runs are validated, rising; the last is the end.
        refit_every: results between two fits.

    Raises:
        UnknownName: no such predictor.
        InvalidOption: a predictor that needs other data than learning curves, or ``refit_every`` below 1.
    """

    def __init__(
        self, space: SearchSpace, predictor: "str | type | Choice", *, steps: Sequence[int], refit_every: int
    ) -> None:
        check_at_least(1, refit_every=refit_every)
        self._label, self._predictor = predictor, cast(Any, make_predictor(space, predictor))
        if self._predictor.needs != {"curves"}:
            raise InvalidOption(
                f"predictor {predictor!r} needs {' and '.join(sorted(self._predictor.needs)) or 'no curves'}; choose "
                "one that needs learning curves only, such as lc_pfn, freeze_thaw, dyhpo, dpl, curve_svr"
            )
        self._columns = np.array(steps, dtype=np.int64) - 1
        self._refit_every, self._n_since = refit_every, refit_every
        self._fitted = False

    @property
    def learns_from_partial_curves(self) -> bool:
        """Whether the predictor learns from training runs that are not complete."""
        return predictor_capabilities_of(self._predictor).learns_from_partial_curves

    def notify(self) -> None:
        """Count a result that the next fit would learn from."""
        self._n_since += 1

    def learn(self, archs: Archs, curves: Sequence[Sequence[float]], rng: np.random.Generator) -> bool:
        """Fit to architectures [n, d] and their scores at each step so far, if a fit is due; return whether it was.

        A training run is complete if its curve has a score for every step. Incomplete ones are left out if the
        predictor learns from complete ones only. There is no fit to too few results, or if all scores are equal.
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
        """Return the predicted final scores of training runs of [m, d] with curves so far; None before any fit."""
        if not self._fitted:
            return None
        return cast(Prediction, self._predictor.predict(self._batch(archs, curves)))

    def require_std(self, prediction: Prediction) -> Floats:
        """Return the standard deviations [m] of a prediction.

        Raises:
            InvalidOption: the predictor has no standard deviation.
        """
        if prediction.std is None:
            raise InvalidOption(f"predictor {self._label!r} has no standard deviation; choose one that has one")
        return prediction.std

    def _batch(self, archs: Archs, curves: Sequence[Sequence[float]]) -> Batch:
        wide = np.full((len(archs), int(self._columns[-1]) + 1), np.nan)
        for row, curve in zip(wide, curves, strict=True):
            row[self._columns[: len(curve)]] = curve
        return Batch(archs, wide)


def select_checkpoints(epochs: Sequence[int], n: int) -> tuple[int, ...]:
    """Return about ``n`` of a task's epochs, evenly spaced and including the last; all if there are fewer."""
    check_at_least(1, n=n)
    if not epochs:
        return ()
    places = np.unique(np.round(np.arange(1, n + 1) / n * len(epochs)).astype(np.int64).clip(1) - 1)
    return tuple(np.asarray(epochs)[places].tolist())
