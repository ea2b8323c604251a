"""PNAS: cells grow one decision at a time, and a predictor chooses which of the larger ones are trained.

Source: Liu, Zoph, Neumann, Shlens, Hua, Li, Fei-Fei, Yuille, Huang & Murphy 2018, "Progressive Neural Architecture
Search" (arXiv 1712.00559). The search trains all architectures of the lowest complexity. A predictor learns from all
results and ranks everything that the last level grows into, and the best K are trained: they are the next beam. K = 256
as in the paper; the predictor is an ensemble of five perceptrons, like one of theirs.

The paper counts blocks of a cell. Here, for every space, complexity is the number of decisions that differ from the
plainest architecture: the one with the fewest operations that compute something (in NAS-Bench-201, edges that are not
``none``). It is trained first; one edit that raises the complexity makes a larger one. The first level is trained as a
whole, or K of it at random if it has more. Where the beam cannot grow any more, the paper ends; here the search
continues among the neighbours of the best K, K at a time.

With K = 256, 100 training runs end among cells with two live edges; ``narrow`` (ours), K = 8, reaches full cells after
about 70. No architecture is trained twice; crashes never enter a beam. A level begins when the last one is complete, so
workers may wait for each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs
from nasbench.options import Count
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.strategies._configured import Label
from nasbench.strategies._learner import Learner
from nasbench.strategies._rounds import RoundSearch
from nasbench.strategies._sources import list_predictor_sources
from nasbench.strategies.model_based._progressive import expand_unseen, find_plainest

REQUIRES = {"torch": "torch"}


@dataclass(kw_only=True, eq=False)
class PNAS(RoundSearch):
    """Progressive search with a beam.

    Attributes:
        beam: K, number of architectures trained at each level.
        predictor: label of a predictor; its mean ranks the candidates.
        most: maximum number of expansions to rank; the best of the beam grow first.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"liu2018": {}, "narrow": {"beam": 8}}

    beam: Count = 256
    predictor: Label = "mlp_ensemble,encoding=one_hot"
    most: Count = 10_000

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Make the predictor."""
        super().__post_init__(space, rng)
        self._learner = Learner(space, self.predictor, rng)
        self._seed: Archs | None = None
        self._level = 0

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return the other tasks that the predictor learns from when ``task`` is searched."""
        return list_predictor_sources(task, options)

    def _begin_round(self) -> Archs:
        self._learner.take(self._rounds.archs, self._rounds.scores)
        if self._seed is None:
            self._seed = find_plainest(self._space)
            return self._learner.mark_asked(self._seed)
        larger = self._expand(self._seed)
        chosen = self._select_best(larger) if self._level else larger[: self.beam]
        self._level += 1
        return self._learner.mark_asked(chosen if len(chosen) else self._learner.draw(self.beam))

    def _expand(self, seed: Archs) -> Archs:
        """Return the architectures that the last level grows into, or at the end the neighbours of the best."""
        order = np.argsort(-self._rounds.scores, kind="stable")
        finished = order[np.isfinite(self._rounds.scores[order])] if self._level else order
        larger = expand_unseen(
            self._space, self._rounds.archs[finished], seed, self._learner.seen, most=self.most, rng=self._rng
        )
        if len(larger):
            return larger
        around, _ = self._space.neighbors(self._learner.select_best(self.beam))
        return self._learner.seen.filter_unseen(around)

    def _select_best(self, archs: Archs) -> Archs:
        """Return the K with the highest predictions, or K at random where nothing can be learnt."""
        if len(archs) and self._learner.learn():
            mean = self._learner.predictor.predict(Batch(archs)).mean
            return archs[np.argsort(-mean, kind="stable")[: self.beam]]
        return archs[self._rng.permutation(len(archs))[: self.beam]]
