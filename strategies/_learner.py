"""Shared state of strategies that work in rounds with a predictor: what was asked, what was learnt, what is best."""

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
    """What was asked, and what is drawn where there is nothing better.

    Args:
        space: where to search.
        rng: draws.

    Attributes:
        seen: what was asked.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        self._space, self._rng = space, rng
        self.seen = SeenSet(space)

    def mark_asked(self, archs: Archs) -> Archs:
        """Return ``archs`` [n, d] and remember that they are asked.

        Raises:
            SearchFinished: there is none.
        """
        if not len(archs):
            raise SearchFinished("no new architecture was found: the space is searched to its end")
        self.seen.add(archs)
        return archs

    def draw(self, n: int) -> Archs:
        """Draw up to ``n`` architectures that were not asked."""
        return draw_unseen(self._space, self.seen, n, self._rng)


class Learner(Asked):
    """All results of a search, and a predictor that is fitted to them when asked to.

    Args:
        space: where to search.
        predictor: label of a predictor that needs nothing but architectures.
        rng: decides the fits, and what is drawn.

    Attributes:
        predictor: as made; its own methods may be called once ``learn`` says so.

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
        """Add results [n, d] and [n]; what is not finite, a crash, is left out."""
        finished = np.isfinite(scores)
        self.archs = np.concatenate([self.archs, archs[finished]])
        self.scores = np.concatenate([self.scores, scores[finished]])

    def select_best(self, n: int) -> Archs:
        """Return the up to ``n`` best so far, best first."""
        return self.archs[np.argsort(-self.scores, kind="stable")[:n]]

    def learn(self) -> bool:
        """Fit the predictor to all results; return False where they are too few or all equal."""
        if len(self.scores) < self._least or (self.scores == self.scores[0]).all():
            return False
        self.predictor.fit(Batch(self.archs.copy()), self.scores.copy(), self._rng)  # it may write over them
        return True
