"""MetaQNN: tabular Q-learning over a chain of decisions, with an epsilon schedule and experience replay.

Source: Baker, Gupta, Naik & Raskar 2017, "Designing Neural Network Architectures using Reinforcement Learning" (arXiv
1611.02167), with the constants of the authors' code (bowenbaker/metaqnn): learning rate 0.01, discount 1, Q starts at
0.5, 128 replayed architectures after each training run, epsilon 1.0 for 1,500 training runs, then 0.9, 0.8, 0.7 for 100
each and 0.6 to 0.1 for 150 each. ``short`` divides these lengths by 10 and has a learning rate of 0.1. It is ours, for
budgets of a few hundred training runs, in which the published schedule is random search.

Differences: a state is a decision and the choice made in the decision before (theirs is the layer before and its
depth). The 128 replays are applied together, decision by decision from the last; an entry that occurs m times moves as
by m single steps towards the mean of their targets. In spaces where not every row is valid, walks are repeated until
they are, up to fifty times, and then replaced by a uniform draw. A crash is rewarded with 0, an accuracy that no
training run goes below. Scores that are not fractions are rewarded by their rank among all so far.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.options import Signed
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import Ledger, check_at_least, check_positive, check_within
from nasbench.strategies._buffered_uniform import Uniforms
from nasbench.strategies._product_distribution import is_product, mark_choices
from nasbench.strategies.reinforcement_learning._rewards import Rewards
from nasbench.trials import Results, Trials

_TRIES = 50
_SCHEDULE = ((1.0, 1500), (0.9, 100), (0.8, 100), (0.7, 100), *((e / 10, 150) for e in range(6, 0, -1)))
_ENDS = tuple(accumulate(length for _, length in _SCHEDULE))


class _Memory:
    """Walks and their rewards.

    Args:
        n_decisions: d, steps of a walk.
        n_replays: walks replayed at a time.
        rng: draws them.
    """

    _DRAWS = 64  # drawn ahead

    def __init__(self, n_decisions: int, n_replays: int, rng: np.random.Generator) -> None:
        self._entries: Ints = np.zeros((256, n_decisions), dtype=np.int64)
        self._rewards: Floats = np.zeros(256)
        self._n, self._shape, self._rng = 0, (self._DRAWS, n_replays + 1), rng
        self._draws: list[Floats] = []

    def add(self, entries: list[int], reward: float) -> None:
        """Remember a walk by the entries of Q [d] it went through."""
        if self._n == len(self._rewards):
            self._entries = np.concatenate([self._entries, np.zeros_like(self._entries)])
            self._rewards = np.concatenate([self._rewards, np.zeros_like(self._rewards)])
        self._entries[self._n], self._rewards[self._n] = entries, reward
        self._n += 1

    def replay(self) -> tuple[Ints, Floats]:
        """Return the last walk and random ones: ``[n_replays + 1, d]`` entries and ``[n_replays + 1]`` rewards."""
        if not self._draws:
            self._draws = list(self._rng.random(self._shape))
        at = (self._draws.pop() * self._n).astype(np.int64)
        at[0] = self._n - 1
        return self._entries.take(at, axis=0), self._rewards.take(at)


class QLearning:
    """Epsilon-greedy walks through the decisions.

    Args:
        space: where to search.
        rng: draws the walks and the replays.
        learning_rate: step of Q towards its target.
        first_q: initial Q, about the reward of an average architecture.
        n_replays: architectures replayed after each training run.
        shorter: factor by which the epsilon schedule is shorter than the published 2,700 training runs.

    Raises:
        InvalidOption: a learning rate outside [0, 1], fewer than one replay, or a factor that is not positive.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "metaqnn": {"learning_rate": 0.01},
        "short": {"shorter": 10.0, "learning_rate": 0.1},
    }

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        learning_rate: float = 0.01,
        first_q: Signed = 0.5,
        n_replays: int = 128,
        shorter: float = 1.0,
    ) -> None:
        check_within(0, 1, learning_rate=learning_rate)
        check_at_least(1, n_replays=n_replays)
        check_positive(shorter=shorter)
        self._space, self._rate = space, learning_rate
        self._ends = [end / shorter for end in _ENDS]
        # Walks and replays have separate generators: else asking ahead of the answers would change what is replayed.
        self._rng, replays = rng.spawn(2)
        self._uniforms = Uniforms(self._rng)
        self._all_valid = is_product(space)
        space.require_choices("q_learning")
        self._choices: list[int] = space.cardinality.tolist()
        k = max(self._choices)
        # Q[i, j, c]: choice c for decision i after choice j of the one before; the first decision has one state, j = 0.
        self.q: Floats = np.where(mark_choices(space)[:, None, :], first_q, -np.inf).repeat(k, axis=1)
        self._stays, self._moves, self._ahead = np.empty_like(self.q), np.empty_like(self.q), np.empty(k)
        self._view()
        self._places = [k * k * i for i in range(len(self._choices))]
        self._tabulate(n_replays + 1)
        self._memory = _Memory(len(self._choices), n_replays, replays)
        self._rewards = Rewards()
        self._ledger = Ledger()

    def _view(self) -> None:
        """Keep views of the entries of each decision: making a view costs as much as a sum."""
        self._levels = list(self.q)
        self._upwards = list(zip(self._levels, self._moves, strict=True))[-2::-1]

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs; copied views would become separate arrays."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_levels", "_upwards")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Set the state, and make the views again."""
        self.__dict__.update(state)
        self._view()

    def _tabulate(self, n: int) -> None:
        """Compute the weights of the old Q and of the targets after 0 to ``n`` single steps; ``[n + 1]`` each."""
        times = np.arange(n + 1)
        self._left: Floats = np.power(1.0 - self._rate, times.astype(np.float64))
        self._moved: Floats = 1.0 - self._left
        self._moved_each: Floats = self._moved / np.maximum(times, 1)

    @property
    def epsilon(self) -> float:
        """Probability that a decision of the next trial is random, independently for each."""
        return self._compute_epsilon(self._ledger.n_asked)

    def _compute_epsilon(self, n_asked: int) -> float:
        return _SCHEDULE[min(bisect_right(self._ends, n_asked), len(_SCHEDULE) - 1)][0]

    @property
    def n_prefetchable(self) -> int:
        """Random walks that are left to ask."""
        return max(0, math.ceil(self._ends[0]) - self._ledger.n_asked)

    def ask(self, n: int) -> Trials:
        """Return ``n`` walks."""
        first, n_random = self._ledger.n_asked, min(n, self.n_prefetchable)
        walks = [self._walk_valid(self._compute_epsilon(first + i)) for i in range(n_random, n)]
        if n_random or not n:  # all decisions random: what the space draws, without rejections
            walks.insert(0, self._space.sample(n_random, self._rng))
        return self._ledger.ask(walks[0] if len(walks) == 1 else np.concatenate(walks))

    def _walk_valid(self, epsilon: float) -> Archs:
        for _ in range(_TRIES):
            arch = np.array([self._walk(epsilon)], dtype=np.int8)
            if self._all_valid or self._space.is_valid(arch)[0]:
                return arch
        return self._space.sample(1, self._rng)

    def _walk(self, epsilon: float) -> list[int]:
        d = len(self._choices)
        drawn = self._uniforms.take(2 * d)
        walk, state = [], 0
        for i, k in enumerate(self._choices):
            state = int(drawn[d + i] * k) if drawn[i] < epsilon else self._greedy(self._levels[i][state])
            walk.append(state)
        return walk

    def _greedy(self, values: Floats) -> int:
        """Return the best choice, a random one of them where several are equal."""
        row = values.tolist()
        largest = max(row)
        best = [i for i, value in enumerate(row) if value == largest]
        return best[0] if len(best) == 1 else best[int(self._uniforms.take(1)[0] * len(best))]

    def tell(self, results: Results) -> None:
        """Learn from each answer together with replays."""
        for _, arch, score in self._ledger.tell(results):
            reward = self._rewards(score) if score > -math.inf else 0.0
            self._memory.add(self._make_entries(arch.tolist()), reward)
            self._learn(*self._memory.replay())

    def _make_entries(self, walk: list[int]) -> list[int]:
        """Return the position in Q of each step of ``walk`` [d]."""
        k, states = self.q.shape[2], [0, *walk]
        return [place + k * state + choice for place, state, choice in zip(self._places, states, walk, strict=False)]

    def learn(self, archs: Archs, rewards: Floats) -> None:
        """Update Q along the walks ``archs`` [n, d] by their ``rewards`` [n], last decision first."""
        if len(archs) >= len(self._left):
            self._tabulate(len(archs))
        self._learn(np.array([self._make_entries(walk) for walk in archs.tolist()]), rewards)

    def _learn(self, entries: Ints, rewards: Floats) -> None:
        """Update Q at ``entries`` [n, d].

        All targets of an entry are the same, the best value of the state it leads to, except at the last decision.
        """
        q, moved = self.q, self._moves
        counts = np.bincount(entries.ravel(), None, q.size).reshape(q.shape)
        self._left.take(counts, None, self._stays, "clip")  # nothing is clipped: with "raise", `out` is copied
        self._moved.take(counts, None, moved, "clip")
        q *= self._stays
        level, k = self._levels[-1], len(self._ahead)
        sums = np.bincount(entries[:, -1] - self._places[-1], rewards, k * k).reshape(k, k)
        level += self._moved_each.take(counts[-1]) * sums
        for above, level_moved in self._upwards:
            np.maximum.reduce(level, axis=1, out=self._ahead)
            np.multiply(level_moved, self._ahead, level_moved)
            level = above
            level += level_moved
