"""Monte Carlo tree search over the decisions (UCT), as in AlphaX without its predictor.

Source: Wang, Zhao, Jinnai, Tian & Fonseca 2020, "Neural Architecture Search using Deep Neural Networks and
Monte Carlo Tree Search" (AlphaX, arXiv 1805.07440), after UCT (Kocsis & Szepesvári 2006). From the root, go
to the child with the largest mean reward + 2 c sqrt(2 ln N / n), N visits of the node and n of the child; a
child never visited is added and completed at random; the training's score goes to all nodes above. c = 2 in
the authors' code (``alphax``, the default): against rewards between 0 and 1 this hardly prefers any child
within some thousand visits, so that the search comes close to random search. ``ranked`` (ours) rewards with
the rank among all scores so far, and c = 0.1.

Differences: a tree of decisions, in the order of the space's columns, in place of their edits of a growing
network, and no predictor that averages in further rollouts. A leaf that was trained, or a node that no valid
architecture was found under, is closed and not visited again. A rollout is repeated until it is valid; where
64 are not, the one of 64 architectures drawn by the space that shares the longest beginning is taken. A trial
that runs counts as a visit without a reward, which spreads parallel workers. A crash is rewarded with 0, or
the worst score so far where that is lower.

Measured over 40 runs of 400 trainings on four embedded tasks (noisy single-seed scores): the default does not
beat random search on any (p > 0.1); ``ranked`` does on nb201-cifar10 and nb201-cifar100 (p < 1e-5), not on
nbgraph-arxiv and nbgraph-proteins.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs
from nasbench.spaces import SearchSpace
from nasbench.trials import Results, Trials
from strategies._asked import Ledger, check_at_least

_TRIES = 64
_Prefix = tuple[int, ...]


class _Node:
    """Visits, answers and their rewards.

    Attributes:
        visits: trials that went through.
        told: those that were answered.
        total: their rewards.
    """

    __slots__ = ("told", "total", "visits")

    def __init__(self) -> None:
        self.visits = self.told = 0
        self.total = 0.0


class MCTS:
    """UCT on the tree of decisions.

    Args:
        space: where to search.
        rng: draws expansions and rollouts.
        exploration: c, in units of the reward.
        ranked: reward by the share of earlier scores that are lower, instead of by the score.

    Raises:
        InvalidOption: a negative c.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "alphax": {"exploration": 2.0},
        "ranked": {"exploration": 0.1, "ranked": True},
    }

    def __init__(
        self, space: SearchSpace, rng: np.random.Generator, *, exploration: float = 2.0, ranked: bool = False
    ) -> None:
        check_at_least(0, exploration=exploration)
        self._space, self._rng, self._c, self._ranked = space, rng, exploration, ranked
        self._choices: list[int] = space.cardinality.tolist()
        self._nodes: dict[_Prefix, _Node] = {(): _Node()}
        self._closed: set[_Prefix] = set()
        self._scores: list[float] = []  # sorted
        self._lowest = 0.0
        self._paths: dict[int, _Prefix] = {}  # node that each running trial expanded
        self._ledger = Ledger()

    def ask(self, n: int) -> Trials:
        """Return ``n`` completions of nodes of the tree."""
        archs = []
        for i in range(n):
            prefix, arch = self._completed(self._selected())
            archs.append(arch)
            self._paths[self._ledger.n_asked + i] = prefix
            self._nodes.setdefault(prefix, _Node())
            for depth in range(len(prefix) + 1):
                self._nodes[prefix[:depth]].visits += 1
            if len(prefix) == len(self._choices):
                self._close(prefix)
        return self._ledger.ask(np.stack(archs))

    def _selected(self) -> _Prefix:
        """Descend to a child that is not in the tree yet."""
        prefix: _Prefix = ()
        while len(prefix) < len(self._choices):
            open_ = [child for child in self._children(prefix) if child not in self._closed]
            if not open_:  # only the root: any other such node is closed itself
                return prefix
            new = [child for child in open_ if child not in self._nodes]
            if new:
                return new[int(self._rng.random() * len(new))]
            prefix = max(open_, key=self._bounds(prefix))
        return prefix

    def _children(self, prefix: _Prefix) -> list[_Prefix]:
        return [(*prefix, choice) for choice in range(self._choices[len(prefix)])]

    def _bounds(self, prefix: _Prefix) -> "Any":
        """Return the function that tells the upper confidence bound of a child of ``prefix``."""
        nodes, spread = self._nodes, 2 * self._c * math.sqrt(2 * math.log(self._nodes[prefix].visits))

        def bound(child: _Prefix) -> float:
            node = nodes[child]
            return (node.total / node.told if node.told else 0.0) + spread / math.sqrt(node.visits)

        return bound

    def _completed(self, prefix: _Prefix) -> tuple[_Prefix, Archs]:
        """Return the node that is expanded, ``prefix`` unless nothing is valid under it, and an architecture there."""
        archs = self._rollouts(prefix, 1)
        valid = self._space.is_valid(archs)
        if not valid[0]:
            archs = self._rollouts(prefix, _TRIES)
            valid = self._space.is_valid(archs)
        if valid.any():
            return prefix, np.asarray(archs[np.argmax(valid)])
        pool = self._space.sample(_TRIES, self._rng)
        shared = np.cumprod(pool[:, : len(prefix)] == prefix, axis=1).sum(axis=1)
        arch = pool[np.argmax(shared)]
        if shared.max() == len(prefix):
            return prefix, np.asarray(arch)
        self._close(prefix)
        # The deepest node of the tree on the way to the architecture; its next one where that is new.
        return tuple(arch[: shared.max() + 1].tolist()), np.asarray(arch)

    def _rollouts(self, prefix: _Prefix, n: int) -> Archs:
        archs = (self._rng.random((n, len(self._choices))) * self._space.cardinality).astype(np.int8)
        archs[:, : len(prefix)] = prefix
        return archs

    def _close(self, prefix: _Prefix) -> None:
        """Visit ``prefix`` no more, nor those above that are left without an open child."""
        self._closed.add(prefix)
        while prefix:
            prefix = prefix[:-1]
            if not self._closed.issuperset(self._children(prefix)):
                return
            self._closed.add(prefix)

    def tell(self, results: Results) -> None:
        """Give each reward to all nodes above."""
        for trial, _, score in self._ledger.tell(results):
            prefix, reward = self._paths.pop(trial), self._reward(score)
            for depth in range(len(prefix) + 1):
                node = self._nodes[prefix[:depth]]
                node.told += 1
                node.total += reward

    def _reward(self, score: float) -> float:
        if score > -math.inf:
            self._lowest = min(self._lowest, score)
        score = max(score, self._lowest)
        if not self._ranked:
            return score
        reward = bisect_left(self._scores, score) / max(len(self._scores), 1)
        insort(self._scores, score)
        return reward
