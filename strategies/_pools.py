"""Pools of candidates: sets of architectures not asked before, over which an acquisition is maximised.

``whole`` is every architecture of a listed space. ``mutation`` takes the children of the best parents, best parent
first, as naszilla does (White et al. 2019, arXiv 1910.11858). ``half`` fills half of the pool with children and the
rest at random, as NAS-BOWL does (Ru et al. 2021, arXiv 2006.07556). In ``evolution``, the acquisition selects parents
over a few generations. In ``local``, local search maximises the acquisition, as in SMAC (Hutter, Hoos & Leyton-Brown
2011, section 4.3).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nasbench.arrays import Archs, Bools, Floats
from nasbench.errors import make_unknown_name
from nasbench.spaces import EnumeratedSpace, SearchSpace

_TRIES = 1000  # draws in a row without a new architecture before a space counts as exhausted
_MOST = 50_000  # maximum size of a space whose architectures are all predicted
_GENERATIONS, _TOURNAMENT = 5, 10
_CLIMBS, _STEPS = 10, 20


class SeenSet:
    """The asked architectures; isomorphic ones count as one where a benchmark trained only one of them."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._listed = space if isinstance(space, EnumeratedSpace) and not space.trained_once_per_class else None
        self._mask = np.zeros(int(space.size) if self._listed is not None else 0, dtype=np.bool_)
        self._keys: set[bytes] = set()

    def _make_keys(self, archs: Archs) -> list[bytes]:
        if self._space.trained_once_per_class and len(archs):
            archs = self._space.canonicalize(archs)
        return [row.tobytes() for row in archs]

    def add(self, archs: Archs) -> None:
        """Remember ``archs`` [n, d]."""
        if self._listed is not None:
            self._mask[self._listed.index(archs)] = True
        else:
            self._keys.update(self._make_keys(archs))

    def filter_unseen(self, archs: Archs) -> Archs:
        """Return the distinct rows of ``archs`` [n, d] that were not seen, in order."""
        if not len(archs):
            return archs
        if self._listed is not None:
            index = self._listed.index(archs)
            _, first = np.unique(index, return_index=True)
            first.sort()
            return archs[first[~self._mask[index[first]]]]
        new: dict[bytes, int] = {}
        for i, name in enumerate(self._make_keys(archs)):
            if name not in self._keys:
                new.setdefault(name, i)
        return archs[list(new.values())]

    def list_unseen(self) -> Archs | None:
        """Return all unseen architectures of a listed space; None for any other space."""
        if self._listed is not None:
            return self._listed.rows[~self._mask]
        return self.filter_unseen(self._space.rows) if isinstance(self._space, EnumeratedSpace) else None


@dataclass(frozen=True)
class PoolContext:
    """The inputs from which a pool is made.

    Attributes:
        space: where to search.
        seen: architectures that were asked before.
        parents: [n, d] architectures with a score, best first.
        acquisition: returns the acquisition values [m] of candidates [m, d].
        rng: draws candidates.
    """

    space: SearchSpace
    seen: SeenSet
    parents: Archs
    acquisition: Callable[[Archs], Floats]
    rng: np.random.Generator


Pool = Callable[[PoolContext, int], Archs]


def draw_unseen(space: SearchSpace, seen: SeenSet, n: int, rng: np.random.Generator) -> Archs:
    """Draw ``n`` distinct unseen architectures; fewer where no more are found, ``[<= n, d]``."""
    found, tries = space.no_archs, 0
    while len(found) < n and tries < _TRIES:
        drawn = space.sample(n, rng)
        tries += len(drawn)
        found = seen.filter_unseen(np.concatenate([found, drawn]))
    if len(found) < n and (rest := seen.list_unseen()) is not None:
        return rest[rng.permutation(len(rest))[:n]]
    return found[:n]


class NovelSampler:
    """Draws architectures that were not drawn before and, once none are left, any architectures.

    Args:
        space: the space to draw from.
        rng: draws them.

    Attributes:
        seen: architectures that were drawn, or that must not be drawn.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        self._space, self._rng, self.seen = space, rng, SeenSet(space)
        self._exhausted = False  # avoids a thousand unsuccessful draws per call

    def draw(self, n: int) -> Archs:
        """Return ``n`` architectures, ``[n, d]``."""
        if self._exhausted:
            return self._space.sample(n, self._rng)
        drawn = draw_unseen(self._space, self.seen, n, self._rng)
        self.seen.add(drawn)
        if len(drawn) < n:
            self._exhausted = True
            drawn = np.concatenate([drawn, self._space.sample(n - len(drawn), self._rng)])
        return drawn


def take_whole(context: PoolContext, size: int) -> Archs:
    """Return all unseen architectures; a ``half`` pool of ``size`` where they are too many or not listed."""
    rest = context.seen.list_unseen() if context.space.size <= _MOST else None
    return mutate_half(context, size) if rest is None else rest


def draw_random(context: PoolContext, size: int) -> Archs:
    """Draw ``size`` unseen architectures."""
    return draw_unseen(context.space, context.seen, size, context.rng)


def mutate_best(context: PoolContext, size: int) -> Archs:
    """Return children of the five best, those of the best first; random architectures where there are none."""
    children = _make_children(context, context.parents[:5], size, tries=size)
    return children if len(children) else draw_random(context, size)


def mutate_half(context: PoolContext, size: int) -> Archs:
    """Return children of the ten best, equally many of each, and the same number of random architectures."""
    parents = context.parents[:10]
    n_mutated = size // 2
    tries = -(-2 * n_mutated // max(len(parents), 1))
    children = _shuffle(_make_children(context, parents, len(parents) * tries, tries=tries), context.rng)[:n_mutated]
    drawn = draw_unseen(context.space, context.seen, size - len(children), context.rng)
    return context.seen.filter_unseen(np.concatenate([children, drawn]))


def evolve(context: PoolContext, size: int) -> Archs:
    """Evolve a ``half`` pool for a few generations, selecting by the acquisition; return all individuals."""
    lived = mutate_half(context, size)
    if not len(lived):
        return lived
    worth = context.acquisition(lived)
    for _ in range(_GENERATIONS):
        entrants = context.rng.integers(len(lived), size=(size, _TOURNAMENT))
        winners = entrants[np.arange(size), np.argmax(worth[entrants], axis=1)]
        children = context.space.mutate(lived[winners], context.rng)
        born = context.seen.filter_unseen(np.concatenate([lived, children]))[len(lived) :]
        if len(born):
            lived, worth = np.concatenate([lived, born]), np.concatenate([worth, context.acquisition(born)])
    return lived


def climb(context: PoolContext, size: int) -> Archs:
    """Maximise the acquisition by local search from the ten best parents and the ten best of ``size`` random ones."""
    drawn = draw_random(context, size)
    starts = np.concatenate([_select_best(context, context.parents, _CLIMBS), _select_best(context, drawn, _CLIMBS)])
    tops = _climb_all(context, starts)
    around, _ = context.space.neighbors(tops) if len(tops) else (tops, None)
    return context.seen.filter_unseen(np.concatenate([tops, around, drawn]))


def _select_best(context: PoolContext, archs: Archs, n: int) -> Archs:
    if len(archs) <= n:
        return archs
    return archs[np.argsort(-context.acquisition(archs), kind="stable")[:n]]


def _climb_all(context: PoolContext, archs: Archs) -> Archs:
    """Move each of ``archs`` to its best neighbour as long as that has a larger acquisition value."""
    for _ in range(_STEPS):
        if not len(archs):
            break
        around, owner = context.space.neighbors(archs)
        known, reached = context.acquisition(archs), context.acquisition(around)
        order = np.lexsort((reached, owner))
        last = np.flatnonzero(np.diff(owner[order], append=len(archs)))  # the best neighbour of each owner
        best = order[last]
        better: Bools = reached[best] > known[owner[best]]
        if not better.any():
            break
        archs = archs.copy()
        archs[owner[best][better]] = around[best[better]]
        archs = np.unique(archs, axis=0)
    return archs


def _make_children(context: PoolContext, parents: Archs, size: int, *, tries: int) -> Archs:
    """Mutate each parent ``tries`` times, best first, until there are ``size`` new children."""
    found = parents[:0]
    for parent in parents:
        mutated = context.space.mutate(np.repeat(parent[None], tries, axis=0), context.rng)
        found = context.seen.filter_unseen(np.concatenate([found, mutated]))
        if len(found) >= size:
            break
    return found[:size]


def _shuffle(archs: Archs, rng: np.random.Generator) -> Archs:
    return archs[rng.permutation(len(archs))]


POOLS: Mapping[str, Pool] = {
    "whole": take_whole,
    "mutation": mutate_best,
    "half": mutate_half,
    "random": draw_random,
    "evolution": evolve,
    "local": climb,
}


def check_pool(name: str) -> str:
    """Return ``name`` if it names a pool.

    Raises:
        UnknownName: there is no such pool.
    """
    if name not in POOLS:
        raise make_unknown_name("pool", name, POOLS)
    return name
