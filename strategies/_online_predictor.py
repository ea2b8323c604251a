"""A predictor inside a search: refitted every few results, conditioned on single results in between.

A Gaussian process has ``condition``: between two fits, a result costs O(n^2). Other predictors stay as they are until
the next fit.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.choices import Choice
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch, Prediction, make_predictor, predictor_capabilities_of
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least

Forecast = Callable[[Archs], Prediction]
"""A function from architectures [m, d] to their prediction."""


def make_search_predictor(space: SearchSpace, label: "str | type | Choice") -> Any:
    """Return a new predictor that needs architectures only.

    Raises:
        UnknownName: no such predictor.
        InvalidOption: the predictor needs learning curves or proxies.
    """
    predictor: Any = make_predictor(space, label)
    if predictor.needs:
        raise InvalidOption(
            f"predictor {label!r} needs {' and '.join(sorted(predictor.needs))}, which a search by complete "
            "training runs does not have; choose one that needs architectures only"
        )
    return predictor


class OnlinePredictor:
    """A predictor that follows a search.

    Args:
        space: the searched space.
        predictor: label of a predictor that needs architectures only.
        refit_every: results between two fits; every fit learns the hyperparameters again.

    Raises:
        UnknownName: no such predictor.
        InvalidOption: the predictor needs learning curves or proxies, or ``refit_every`` is below 1.
    """

    def __init__(self, space: SearchSpace, predictor: "str | type | Choice", *, refit_every: int) -> None:
        check_at_least(1, refit_every=refit_every)
        self._space, self._label, self._refit_every = space, predictor, refit_every
        self._predictor: Any = make_search_predictor(space, predictor)
        self._least = predictor_capabilities_of(self._predictor).min_points
        self._believer: Any = None
        self._n_fitted = 0
        self._known: Floats = np.empty(0)  # scores that the predictor has learnt

    @property
    def can_believe(self) -> bool:
        """Whether results can be added without a fit."""
        return predictor_capabilities_of(self._predictor).can_believe

    def learn(self, archs: Archs, scores: Floats, rng: np.random.Generator) -> bool:
        """Learn from all results so far, [n, d] and [n]; return False where they are too few or all equal.

        If the targets of old results changed, as labels of the best quarter do, new results wait for the next fit.
        """
        n = len(scores)
        if n < self._least or (scores == scores[0]).all():
            return False
        n_known = len(self._known)
        if not self._n_fitted or n - self._n_fitted >= self._refit_every:
            self._predictor.fit(Batch(archs.copy()), scores.copy(), rng)  # may be overwritten
            self._n_fitted, self._known = n, scores
        elif n > n_known and self.can_believe and (scores[:n_known] == self._known).all():
            self._predictor.condition(Batch(archs[n_known:]), scores[n_known:])
            self._known = scores
        return True

    @property
    def fitted_at(self) -> int:
        """Number of results in the last fit."""
        return self._n_fitted

    def forecast(self, pending: Archs) -> Forecast:
        """Return a function that predicts as if ``pending`` [p, d] had scored their predictions.

        This is the Kriging believer of Ginsbourger, Le Riche & Carraro 2010. The model itself is unchanged, and only
        the function returned last may be called. A predictor without ``condition`` ignores ``pending``.
        """
        if not self.can_believe or not len(pending):
            return lambda archs: cast(Prediction, self._predictor.predict(Batch(archs)))
        expected = self._predictor.predict(Batch(pending)).mean
        if self._believer is None:
            self._believer = make_predictor(self._space, self._label)
        self._believer.restore(self._predictor.state())
        self._believer.condition(Batch(pending), expected)
        return lambda archs: cast(Prediction, self._believer.predict(Batch(archs)))
