"""Shared state of strategies that work in rounds with a predictor: asked architectures, results, and the predictor."""

from typing import Any

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.choices import Choice
from nasbench.errors import SearchFinished
from nasbench.predictions import Batch, predictor_capabilities_of
from nasbench.spaces import SearchSpace
from nasbench.strategies._online_predictor import make_search_predictor
from nasbench.strategies._pools import SeenSet, draw_unseen


class Asked:
    """The architectures asked so far, and random draws that are not among them.

    Args:
        space: where to search.
        rng: draws architectures.

    Attributes:
        seen: architectures that were asked.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        self._space, self._rng = space, rng
        self.seen = SeenSet(space)

    def mark_asked(self, archs: Archs) -> Archs:
        """Return ``archs`` [n, d], and remember that they were asked.

        Raises:
            SearchFinished: ``archs`` is empty.
        """
        if not len(archs):
            raise SearchFinished("no new architecture was found: the space is exhausted")
        self.seen.add(archs)
        return archs

    def draw(self, n: int) -> Archs:
        """Draw up to ``n`` architectures that were not asked."""
        return draw_unseen(self._space, self.seen, n, self._rng)


class Learner(Asked):
    """All results of a search, and a predictor that is fitted to them on demand.

    Args:
        space: where to search.
        predictor: label of a predictor that needs architectures only.
        rng: draws for the fits, and draws architectures.

    Attributes:
        predictor: the predictor; call its methods only after ``learn`` has returned True.

    Raises:
        UnknownName: no such predictor.
        InvalidOption: one that needs learning curves or proxies.
    """

    def __init__(self, space: SearchSpace, predictor: "str | type | Choice", rng: np.random.Generator) -> None:
        super().__init__(space, rng)
        self.predictor: Any = make_search_predictor(space, predictor)
        self._least = predictor_capabilities_of(self.predictor).min_points
        self.archs: Archs = space.no_archs
        self.scores: Floats = np.empty(0)

    def take(self, archs: Archs, scores: Floats) -> None:
        """Add results [n, d] and [n]; scores that are not finite, crashes, are left out."""
        finished = np.isfinite(scores)
        self.archs = np.concatenate([self.archs, archs[finished]])
        self.scores = np.concatenate([self.scores, scores[finished]])

    def select_best(self, n: int) -> Archs:
        """Return the best up to ``n`` architectures so far, best first."""
        return self.archs[np.argsort(-self.scores, kind="stable")[:n]]

    def learn(self) -> bool:
        """Fit the predictor to all results; return False where these are too few or all equal."""
        if len(self.scores) < self._least or (self.scores == self.scores[0]).all():
            return False
        self.predictor.fit(Batch(self.archs.copy()), self.scores.copy(), self._rng)  # may be overwritten
        return True
