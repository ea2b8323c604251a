"""Base of NAO and SemiNAS: train, follow the predictor's gradient from the best architectures, decode, repeat.

Luo et al. 2018 (arXiv 1808.07233, algorithm 1) and the code of Luo et al. 2020 (arXiv 2002.10389).
"""

from dataclasses import dataclass, field

import numpy as np

from nasbench.arrays import Archs
from nasbench.errors import InvalidOption
from nasbench.options import Count, Positive, Whole
from nasbench.predictions import Batch, predictor_capabilities_of
from nasbench.spaces import SearchSpace
from nasbench.strategies._configured import Label
from nasbench.strategies._learner import Learner
from nasbench.strategies._rounds import RoundSearch


@dataclass(kw_only=True, eq=False)
class LatentAscent(RoundSearch):
    """Search by gradient ascent in a learnt latent space.

    Attributes:
        predictor: label of a predictor with ``improve``: ``nao`` or ``seminas``, with options.
        n_init: random architectures at the start.
        batch: architectures of a later round.
        seeds: number of best architectures from which the ascent starts.
        step_size: length of the first step relative to the gradient; each further round of steps is longer by as much.
        max_steps: maximum number of rounds of steps to complete the batch.
        unlabelled: random architectures that may be seeds too, ranked by their predictions.

    Raises:
        InvalidOption: a predictor without a latent space.
    """

    predictor: Label
    n_init: Count = 20
    batch: Count = 20
    seeds: Count = 20
    step_size: Positive = 1.0
    max_steps: Count = 20
    unlabelled: Whole = field(default=0, init=False)

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Make the predictor."""
        super().__post_init__(space, rng)
        self._learner = Learner(space, self.predictor, rng)
        if predictor_capabilities_of(self._learner.predictor).improve is None:
            raise InvalidOption(
                f"predictor {self.predictor!r} has no latent space to search; choose 'nao' or 'seminas'"
            )

    def _begin_round(self) -> Archs:
        learner, first = self._learner, not len(self._rounds.archs)
        learner.take(self._rounds.archs, self._rounds.scores)
        n = self.n_init if first else self.batch
        chosen = self._decode(n) if not first and learner.learn() else learner.archs[:0]
        learner.seen.add(chosen)
        return learner.mark_asked(np.concatenate([chosen, learner.draw(n - len(chosen))]))

    def _decode(self, n: int) -> Archs:
        """Return up to ``n`` new architectures: those that one step leads to, then a longer step, and so on."""
        seeds, found = self._select_seeds(), self._learner.archs[:0]
        for i in range(self.max_steps):
            moved = self._learner.predictor.improve(seeds, (i + 1) * self.step_size)
            found = self._learner.seen.filter_unseen(np.concatenate([found, moved]))
            if len(found) >= n:
                break
        return found[:n]

    def _select_seeds(self) -> Archs:
        """Return the best of the trained architectures by score and of the unlabelled ones by prediction."""
        learner = self._learner
        if not self.unlabelled:
            return learner.select_best(self.seeds)
        others = learner.seen.filter_unseen(self._space.sample(self.unlabelled, self._rng))
        expected = learner.predictor.predict(Batch(others)).mean
        archs, values = np.concatenate([learner.archs, others]), np.concatenate([learner.scores, expected])
        return archs[np.argsort(-values, kind="stable")[: self.seeds]]
