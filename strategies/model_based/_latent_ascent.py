"""What NAO and SemiNAS share: train, climb the predictor's slope from the best, decode, train again.

Luo et al. 2018 (arXiv 1808.07233, algorithm 1) and the code of Luo et al. 2020 (arXiv 2002.10389).
"""

from dataclasses import dataclass

import numpy as np

from nasbench.arrays import Archs
from nasbench.choices import Choice
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch, predictor_capabilities_of
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import InRounds, Rounds, check_at_least, check_positive
from nasbench.strategies._learner import Learner


@dataclass(frozen=True, kw_only=True)
class Climb:
    """What decides such a search.

    Attributes:
        predictor: label of a predictor with ``improved``.
        n_init: random architectures at the start.
        batch: architectures of a later round.
        seeds: the best, from which the climb starts.
        step_size: length of the first step over that of the gradient; the next round of steps is as much longer.
        max_steps: rounds of steps, until the batch is complete.
        unlabelled: random architectures that may be seeds too, by what the predictor expects of them.
    """

    predictor: "str | type | Choice"
    n_init: int
    batch: int
    seeds: int
    step_size: float
    max_steps: int
    unlabelled: int = 0

    def __post_init__(self) -> None:
        """Refuse sizes out of range."""
        check_at_least(1, n_init=self.n_init, batch=self.batch, seeds=self.seeds, max_steps=self.max_steps)
        check_at_least(0, unlabelled=self.unlabelled)
        check_positive(step_size=self.step_size)


class LatentAscent(InRounds):
    """Search by gradient ascent in a learnt latent space.

    Args:
        space: where to search.
        rng: decides everything.
        climb: how.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator, climb: Climb) -> None:
        self._space, self._rng, self._climb = space, rng, climb
        self._learner = Learner(space, climb.predictor, rng)
        if predictor_capabilities_of(self._learner.predictor).improved is None:
            raise InvalidOption(
                f"predictor {climb.predictor!r} has no latent space to climb in; choose 'nao' or 'seminas'"
            )
        self._rounds = Rounds(self._next_round, len(space.decisions))

    def _next_round(self) -> Archs:
        learner, first = self._learner, not len(self._rounds.archs)
        learner.take(self._rounds.archs, self._rounds.scores)
        n = self._climb.n_init if first else self._climb.batch
        chosen = self._decoded(n) if not first and learner.learn() else learner.archs[:0]
        learner.seen.add(chosen)
        return learner.asking(np.concatenate([chosen, learner.random(n - len(chosen))]))

    def _decoded(self, n: int) -> Archs:
        """Return up to ``n`` new architectures: all that one step leads to, then a longer step, and so on."""
        seeds, found = self._seeds(), self._learner.archs[:0]
        for i in range(self._climb.max_steps):
            moved = self._learner.predictor.improved(seeds, (i + 1) * self._climb.step_size)
            found = self._learner.seen.fresh(np.concatenate([found, moved]))
            if len(found) >= n:
                break
        return found[:n]

    def _seeds(self) -> Archs:
        """Return the best of what was trained, and of the unlabelled by what is expected of them."""
        learner, climb = self._learner, self._climb
        if not climb.unlabelled:
            return learner.best(climb.seeds)
        others = learner.seen.fresh(self._space.sample(climb.unlabelled, self._rng))
        expected = learner.predictor.predict(Batch(others)).mean
        archs, worth = np.concatenate([learner.archs, others]), np.concatenate([learner.scores, expected])
        return archs[np.argsort(-worth, kind="stable")[: climb.seeds]]
