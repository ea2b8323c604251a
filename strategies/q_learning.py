"""MetaQNN: tabular Q-learning over a chain of decisions, with an epsilon schedule and experience replay.

Source: Baker, Gupta, Naik & Raskar 2017, "Designing Neural Network Architectures using Reinforcement
Learning" (arXiv 1611.02167), with the constants of the authors' code (bowenbaker/metaqnn): learning rate
0.01, discount 1, Q starts at 0.5, 128 replayed architectures after each training, epsilon 1.0 for 1,500
trainings, then 0.9, 0.8, 0.7 for 100 each and 0.6 to 0.1 for 150 each. ``short`` divides these lengths by 10
and has a learning rate of 0.1 (ours), for budgets of a few hundred trainings, in which the published schedule
is random search.

Differences: a state is a decision and the choice made in the decision before (theirs is the layer before and
its depth). The 128 replays are applied together, decision by decision from the last, an entry met m times
moving as by m single steps towards the mean of their targets. In spaces where not every row is valid, walks
are repeated until they are, fifty times at most, and then replaced by a uniform draw. A crash is rewarded
with 0, an accuracy that no training goes below; on a task with negative scores, with the worst one so far.

The default does not beat random search within its first 1,500 trainings, which are random. Measured over 40
runs of 400 trainings on four embedded tasks (noisy single-seed scores): ``short`` does on nb201-cifar10 (p <
1e-4), not on nb201-cifar100 (p = 0.01), nbgraph-arxiv and nbgraph-proteins.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.errors import InvalidOption
from nasbench.spaces import SearchSpace
from nasbench.trials import Results, Trials
from strategies._asked import Ledger, check_at_least, check_within

_TRIES = 50
_SCHEDULE = ((1.0, 1500), (0.9, 100), (0.8, 100), (0.7, 100), *((e / 10, 150) for e in range(6, 0, -1)))
_ENDS = np.cumsum([length for _, length in _SCHEDULE])


class QLearning:
    """Epsilon-greedy walks through the decisions.

    Args:
        space: where to search.
        rng: draws the walks and the replays.
        learning_rate: step of Q towards its target.
        first_q: Q before anything is learnt, around the reward of an average architecture.
        n_replays: architectures learnt from after each training.
        shorter: factor by which the epsilon schedule is shorter than the published 2,700 trainings.

    Raises:
        InvalidOption: a learning rate outside [0, 1], no replays, a factor that is not positive.
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
        first_q: float = 0.5,
        n_replays: int = 128,
        shorter: float = 1.0,
    ) -> None:
        check_within(0, 1, learning_rate=learning_rate)
        check_at_least(1, n_replays=n_replays)
        if not shorter > 0:
            raise InvalidOption(f"shorter={shorter}; expected a positive factor")
        self._space, self._rng = space, rng
        self._rate, self._n_replays, self._shorter = learning_rate, n_replays, shorter
        d, k = len(space.decisions), int(space.cardinality.max())
        # Q[i, j, c]: choice c for decision i after choice j of the one before; the first decision has one state, j = 0.
        exists = np.arange(k) < space.cardinality[:, None]
        self.q: Floats = np.where(exists[:, None, :], first_q, -np.inf).repeat(k, axis=1)
        self._archs: Archs = np.zeros((256, d), dtype=np.int8)
        self._rewards: Floats = np.zeros(256)
        self._n_told, self._lowest = 0, 0.0
        self._ledger = Ledger()

    @property
    def epsilon(self) -> float:
        """Chance that the next trial's decisions are random, each on its own."""
        at = int(np.searchsorted(_ENDS, self._ledger.n_asked * self._shorter, side="right"))
        return _SCHEDULE[min(at, len(_SCHEDULE) - 1)][0]

    def ask(self, n: int) -> Trials:
        """Return ``n`` walks."""
        epsilon = self.epsilon
        return self._ledger.ask(np.concatenate([self._valid_walk(epsilon) for _ in range(n)]))

    def _valid_walk(self, epsilon: float) -> Archs:
        if epsilon == 1.0:  # all decisions random: what the space draws, without rejections
            return self._space.sample(1, self._rng)
        for _ in range(_TRIES):
            arch = self._walk(epsilon)
            if self._space.is_valid(arch)[0]:
                return arch
        return self._space.sample(1, self._rng)

    def _walk(self, epsilon: float) -> Archs:
        d = len(self.q)
        drawn = self._rng.random((2, d))
        random = (drawn[1] * self._space.cardinality).astype(np.int64).tolist()
        arch, state = [], 0
        for i, explores in enumerate((drawn[0] < epsilon).tolist()):
            state = random[i] if explores else self._greedy(self.q[i, state])
            arch.append(state)
        return np.array([arch], dtype=np.int8)

    def _greedy(self, values: Floats) -> int:
        """Return the best choice, one of them where several are."""
        row = values.tolist()
        largest = max(row)
        best = [i for i, value in enumerate(row) if value == largest]
        return best[0] if len(best) == 1 else best[int(self._rng.random() * len(best))]

    def tell(self, results: Results) -> None:
        """Learn from each answer together with replays."""
        for _, arch, score in self._ledger.tell(results):
            if score > -np.inf:
                self._lowest = min(self._lowest, score)
            self._remember(arch, max(score, self._lowest))
            replayed = (self._rng.random(self._n_replays + 1) * self._n_told).astype(np.int64)
            replayed[0] = self._n_told - 1
            self.learn(self._archs[replayed], self._rewards[replayed])

    def _remember(self, arch: Archs, reward: float) -> None:
        if self._n_told == len(self._archs):
            self._archs = np.concatenate([self._archs, np.zeros_like(self._archs)])
            self._rewards = np.concatenate([self._rewards, np.zeros_like(self._rewards)])
        self._archs[self._n_told], self._rewards[self._n_told] = arch, reward
        self._n_told += 1

    def learn(self, archs: Archs, rewards: Floats) -> None:
        """Move Q along the walks ``archs`` [n, d], whose ends were worth ``rewards`` [n], last decision first."""
        d, k, _ = self.q.shape
        columns = archs.T.astype(np.int64)
        targets = rewards
        for i in range(d - 1, -1, -1):
            before = columns[i - 1] * k if i else 0
            self._step(self.q[i].reshape(-1), before + columns[i], targets)
            if i:
                targets = self.q[i].max(axis=1).take(columns[i - 1])

    def _step(self, values: Floats, entries: Ints, targets: Floats) -> None:
        """Move ``values`` at ``entries`` [n] towards ``targets`` [n], in place."""
        counts = np.bincount(entries, minlength=len(values))
        met = np.flatnonzero(counts)
        times = counts[met]
        means = np.bincount(entries, weights=targets, minlength=len(values))[met] / times
        values[met] += (1 - (1 - self._rate) ** times) * (means - values[met])
