"""Monte Carlo tree search over the decisions (UCT), as in AlphaX without its predictor.

Source: Wang, Zhao, Jinnai, Tian & Fonseca 2020, "Neural Architecture Search using Deep Neural Networks and Monte Carlo
Tree Search" (AlphaX, arXiv 1805.07440), after UCT (Kocsis & Szepesvári 2006). From the root, the search descends to the
child with the largest mean reward + 2 c sqrt(2 ln N / n), N visits of the node and n of the child. A child never
visited is added and completed at random, and the score of its training run is added to all nodes above. c = 2 in the
authors' code (``alphax``, the default). Against rewards between 0 and 1 this hardly prefers any child within a few
thousand visits, so the search is close to random search. ``ranked`` (ours) rewards with the rank among all scores so
far, with c = 0.1.

Differences: the tree is one of decisions, in the order of the space's columns, in place of their edits of a growing
network, and there is no predictor that averages in further rollouts. A leaf that was trained is closed and not visited
again, and so is a node under which no valid architecture was found. A rollout is repeated until it is valid; where 64
are not, the space draws 64 architectures and the one that shares the longest prefix is taken. A running trial counts as
a visit without a reward, which spreads parallel workers. A crash is rewarded with 0. Scores that are not fractions are
rewarded by their rank among all so far.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import Ledger, check_at_least
from nasbench.strategies._buffered_uniform import Uniforms
from nasbench.strategies._product_distribution import is_product
from nasbench.strategies.reinforcement_learning._rewards import Rewards
from nasbench.trials import Results, Trials

_TRIES = 64


class _Node:
    """A node of the tree: the architectures that share their first decisions.

    Attributes:
        visits: number of trials that passed through the node.
        told: number of these trials that were answered.
        total: sum of their rewards.
        children: nodes that were added, by choice.
        new: choices without a node that are not closed.
        open: nodes among ``children`` that are not closed.
    """

    __slots__ = ("children", "new", "open", "told", "total", "visits")

    def __init__(self, n_choices: int) -> None:
        self.visits = self.told = 0
        self.total = 0.0
        self.children: dict[int, _Node] = {}
        self.new = list(range(n_choices))
        self.open: dict[int, _Node] = {}

    def best(self, spread: float) -> int:
        """Return the choice of the open child with the largest bound: its mean plus ``spread`` / sqrt(visits)."""
        best, highest = -1, -math.inf
        for choice, node in self.open.items():
            bound = spread / math.sqrt(node.visits) + (node.total / node.told if node.told else 0.0)
            if bound > highest:
                best, highest = choice, bound
        return best


class MCTS:
    """UCT on the tree of decisions.

    Args:
        space: where to search.
        rng: draws expansions and rollouts.
        exploration: c, in units of the reward.
        ranked: use the share of earlier scores that are lower as the reward, instead of the score.

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
        space.require_choices("mcts")
        self._space, self._rng, self._c, self._ranked = space, rng, exploration, ranked
        self._choices: list[int] = [*space.cardinality.tolist(), 0]  # a leaf has none
        self._all_valid, self._uniforms = is_product(space), Uniforms(rng)
        self._root = _Node(self._choices[0])
        self._scores: list[float] = []  # sorted
        self._lowest = 0.0
        self._rewards = Rewards()
        self._paths: dict[int, list[_Node]] = {}  # nodes that each running trial went through
        self._ledger = Ledger()

    def ask(self, n: int) -> Trials:
        """Return ``n`` completions of nodes of the tree."""
        archs = []
        for i in range(n):
            prefix, arch = self._complete(self._select())
            archs.append(arch)
            path = self._paths[self._ledger.n_asked + i] = self._expand(prefix)
            for node in path:
                node.visits += 1
            if len(prefix) == len(self._choices) - 1:
                self._close(prefix)
        return self._ledger.ask(archs[0] if n == 1 else np.concatenate(archs))

    def _select(self) -> list[int]:
        """Descend to a child that is not in the tree yet, and return the choices on the path."""
        prefix: list[int] = []
        node = self._root
        while not node.new:
            if not node.open:  # this happens only at the root: any other such node is closed itself
                return prefix
            choice = node.best(2 * self._c * math.sqrt(2 * math.log(node.visits)))
            prefix.append(choice)
            node = node.open[choice]
        prefix.append(node.new[int(self._uniforms.take(1)[0] * len(node.new))])
        return prefix

    def _complete(self, prefix: list[int]) -> tuple[list[int], Archs]:
        """Return the node to expand, ``prefix`` unless nothing under it is valid, and an architecture under it."""
        rest = self._choices[len(prefix) : -1]
        drawn = self._uniforms.take(len(rest))
        arch = np.array([[*prefix, *(int(u * k) for u, k in zip(drawn, rest, strict=True))]], dtype=np.int8)
        if self._all_valid or self._space.is_valid(arch)[0]:
            return prefix, arch
        archs = self._roll_out(prefix)
        valid = self._space.is_valid(archs)
        if valid.any():
            return prefix, archs[[np.argmax(valid)]]
        return self._find_nearest(prefix)

    def _roll_out(self, prefix: list[int]) -> Archs:
        archs = (self._rng.random((_TRIES, len(self._choices) - 1)) * self._space.cardinality).astype(np.int8)
        archs[:, : len(prefix)] = prefix
        return archs

    def _find_nearest(self, prefix: list[int]) -> tuple[list[int], Archs]:
        """Return the node to expand and, of many architectures, the one that shares most of ``prefix``.

        Where none shares all of it, ``prefix`` is closed.
        """
        pool = self._space.sample(_TRIES, self._rng)
        shared = np.cumprod(pool[:, : len(prefix)] == prefix, axis=1).sum(axis=1)
        arch = pool[[np.argmax(shared)]]
        if shared.max() == len(prefix):
            return prefix, arch
        self._close(prefix)
        # The deepest node of the tree on the path to the architecture, or the next one if that is new.
        return arch[0, : shared.max() + 1].tolist(), arch

    def _expand(self, prefix: list[int]) -> list[_Node]:
        """Return the nodes along ``prefix`` from the root; add those that are missing."""
        path = [self._root]
        for choice, n_choices in zip(prefix, self._choices[1:], strict=False):
            node = path[-1]
            if choice not in node.children:
                node.children[choice] = _Node(n_choices)
                if choice in node.new:  # a node closed without a visit stays closed
                    node.new.remove(choice)
                    node.open[choice] = node.children[choice]
            path.append(node.children[choice])
        return path

    def _close(self, prefix: list[int]) -> None:
        """Close ``prefix``, and all nodes above that are left without an open child."""
        path = [self._root]
        for choice in prefix[:-1]:
            path.append(path[-1].children[choice])
        for node, choice in zip(reversed(path), reversed(prefix), strict=True):
            if choice in node.new:
                node.new.remove(choice)
            node.open.pop(choice, None)
            if node.new or node.open:
                return

    def tell(self, results: Results) -> None:
        """Add each reward to all nodes on its path."""
        for trial, _, score in self._ledger.tell(results):
            reward = self._compute_reward(score)
            for node in self._paths.pop(trial):
                node.told += 1
                node.total += reward

    def _compute_reward(self, score: float) -> float:
        if not self._ranked:
            return self._rewards(score) if score > -math.inf else 0.0
        if score > -math.inf:
            self._lowest = min(self._lowest, score)
        score = max(score, self._lowest)
        reward = bisect_left(self._scores, score) / max(len(self._scores), 1)
        insort(self._scores, score)
        return reward
