"""arch2vec-RL: a recurrent policy moves through a latent space that was learnt from graphs alone.

Source: Yan, Zheng, Ao, Zeng & Zhang 2020, "Does Unsupervised Architecture Representation Learning Help Neural
Architecture Search?" (arXiv 2006.06936), and its code. From the code of the current architecture (16 numbers, predictor
``arch2vec``) an LSTM of 128 units computes the mean of a normal distribution of unit variance. A draw from it is the
next point, and the nearest architecture not yet trained is the next one. After 16 of them REINFORCE (Williams 1992)
takes one step of Adam at 0.01. Rewards are their scores minus a baseline of 0.4. Then the state of the LSTM is reset,
and the walk continues from where it is. The embedding is learnt once for each space, independently of any run's
generator, and is kept on disk.

Differences: the code skips the nearest architecture, which may be the current one. In a space that is not listed,
20,000 random architectures, always the same, represent it. Crashes are rewarded like the worst score so far; nothing is
learnt from an episode without any score. Scores that are not fractions count by their rank among all so far. An episode
begins when the last one is complete. The policy learns from six updates in 100 training runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import InvalidOption
from nasbench.options import Count, Positive, Signed
from nasbench.predictions import make_predictor, predictor_capabilities_of
from nasbench.spaces import EnumeratedSpace, SearchSpace
from nasbench.strategies._configured import Label
from nasbench.strategies._learner import Asked
from nasbench.strategies._rounds import RoundSearch
from nasbench.strategies.reinforcement_learning._latent_policy import LatentPolicy
from nasbench.strategies.reinforcement_learning._rewards import Rewards

REQUIRES = {"torch": "torch"}

_LISTED = 50_000  # maximum size of a listed space whose architectures are all within reach


@dataclass(kw_only=True, eq=False)
class Arch2VecRL(RoundSearch):
    """REINFORCE on unsupervised codes; the embedding does not depend on ``rng``.

    Attributes:
        embedding: label of a predictor with ``embed``, which needs no fit.
        episode: architectures between two updates.
        learning_rate: of Adam.
        baseline: score above which a reward is positive.
        pool_size: architectures within reach, where the space is not listed.

    Raises:
        InvalidOption: a predictor that has no embedding.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"nasbench201": {}}

    embedding: Label = "arch2vec_dngo"
    episode: Count = 16
    learning_rate: Positive = 0.01
    baseline: Signed = 0.4
    pool_size: Count = 20_000

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Make the embedding; the space is embedded when the first architecture is asked for."""
        super().__post_init__(space, rng)
        self._predictor: Any = make_predictor(space, self.embedding)
        if predictor_capabilities_of(self._predictor).embed is None:
            raise InvalidOption(f"predictor {self.embedding!r} has no embedding; choose 'arch2vec_dngo' or 'arch2vec'")
        self._worst = np.inf
        self._rewards = Rewards()
        self._asked = Asked(space, rng)
        self._pool: Archs = space.no_archs

    def _begin_round(self) -> Archs:
        if not len(self._pool):
            self._begin()
        else:
            self._learn(self._rounds.scores)
        self._policy.begin()
        places = [place for _ in range(self.episode) if (place := self._step()) is not None]
        if len(places):
            return self._asked.mark_asked(self._pool[places])
        return self._asked.mark_asked(self._asked.draw(self.episode))

    def _begin(self) -> None:
        """Embed the architectures within reach, and start the walk at one of them."""
        space = self._space
        if isinstance(space, EnumeratedSpace) and space.size <= _LISTED:
            rows = space.rows
        else:
            rows = space.sample(self.pool_size, np.random.default_rng(0))
        self._pool = self._asked.seen.filter_unseen(rows)
        self._codes: Floats = self._predictor.embed(self._pool)
        self._free = np.ones(len(self._pool), dtype=np.bool_)
        self._policy = LatentPolicy(self._codes.shape[1], learning_rate=self.learning_rate, rng=self._rng)
        self._at = self._codes[int(self._rng.integers(len(self._pool)))]

    def _step(self) -> int | None:
        """Move, and return the position of the nearest architecture that was not asked; None where all were."""
        if not self._free.any():
            return None
        distance = ((self._codes - self._policy.act(self._at)) ** 2).sum(axis=1)
        place = int(np.argmin(np.where(self._free, distance, np.inf)))
        self._free[place] = False
        self._at = self._codes[place]
        return place

    def _learn(self, scores: Floats) -> None:
        finished = scores[np.isfinite(scores)]
        self._worst = min(self._worst, finished.min(initial=np.inf))
        if len(scores) == self.episode and np.isfinite(self._worst) and self._free.any():
            finished = np.where(np.isfinite(scores), scores, self._worst)
            self._policy.learn(np.array([self._rewards(score) for score in finished.tolist()]) - self.baseline)
