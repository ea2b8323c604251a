"""Pools of candidates: new, distinct, valid, and where their names say."""

import numpy as np
import pytest

from nasbench.errors import UnknownName
from nasbench.registry import SPACES
from nasbench.strategies._pools import POOLS, PoolContext, SeenSet, check_pool, draw_unseen


def context(space, n_asked, rng, acquisition=None):
    seen = SeenSet(space)
    parents = draw_unseen(space, seen, n_asked, rng)
    seen.add(parents)
    return PoolContext(space, seen, parents, acquisition or (lambda archs: archs.astype(float).sum(axis=1)), rng)


@pytest.mark.parametrize("space", ["nb201", "nb101", "nbgraph", "darts", "hyper"])
@pytest.mark.parametrize("name", sorted(POOLS))
def test_candidates_are_new_distinct_and_valid(name, space, rng):
    space = SPACES.load(space)()
    known = context(space, 15, rng)
    pool = POOLS[name](known, 40)
    assert len(pool) >= 20
    assert space.is_valid(pool).all()
    assert len(known.seen.filter_unseen(pool)) == len(pool)


def test_twins_count_once_where_one_of_them_was_trained(rng):
    space = SPACES.load("nb101")()
    archs = space.sample(400, rng)
    distinct = np.unique(space.canonicalize(archs), axis=0)
    seen = SeenSet(space)
    assert len(seen.filter_unseen(archs)) == len(distinct)
    seen.add(space.canonicalize(archs))
    assert len(seen.filter_unseen(archs)) == 0


def test_the_whole_space_is_what_was_not_asked(rng):
    space = SPACES.load("nb201")()
    known = context(space, 25, rng)
    pool = POOLS["whole"](known, 1)
    assert len(pool) == space.size - 25
    assert len(np.unique(np.concatenate([pool, known.parents]), axis=0)) == space.size


def test_children_of_the_best_come_first(rng):
    """As in naszilla: a hundred mutations of the best parent, most of its 24 neighbours, then the next parent's."""
    space = SPACES.load("nb201")()
    known = context(space, 15, rng)
    pool = POOLS["mutation"](known, 100)
    edits = (pool[:, None] != known.parents[None]).sum(axis=2)
    assert (edits[:, :5].min(axis=1) == 1).all()
    assert (edits[:20, 0] == 1).all()
    assert (edits[30:50, 0] > 1).all()


def test_half_of_the_pool_are_children_of_the_ten_best(rng):
    space = SPACES.load("nb201")()
    known = context(space, 30, rng)
    pool = POOLS["half"](known, 200)
    nearest = (pool[:100, None] != known.parents[None, :10]).sum(axis=2).min(axis=1)
    assert len(pool) == 200
    assert (nearest == 1).all()


@pytest.mark.parametrize("name", ["evolution", "local"])
def test_pools_that_climb_find_better_candidates_than_chance(name, rng):
    space = SPACES.load("darts")()
    weights = rng.random((len(space.decisions), int(space.cardinality.max())))

    def worth(archs):
        return weights[np.arange(archs.shape[1]), archs].sum(axis=1)

    known = context(space, 15, rng, worth)
    drawn = POOLS["random"](known, 5000)
    assert worth(POOLS[name](known, 100)).max() > worth(drawn).max()


def test_climbing_ends_in_a_local_optimum(rng):
    space = SPACES.load("nb201")()
    known = context(space, 3, rng)
    pool = POOLS["local"](known, 30)
    best = pool[[np.argmax(known.acquisition(pool))]]
    around, _ = space.neighbors(best)
    assert known.acquisition(around).max() <= known.acquisition(best)[0]


def test_a_space_that_is_exhausted_has_nothing_left(rng):
    space = SPACES.load("nb201")()
    seen = SeenSet(space)
    seen.add(space.rows[5:])
    left = draw_unseen(space, seen, 10, rng)
    assert sorted(map(tuple, left)) == sorted(map(tuple, space.rows[:5]))
    seen.add(left)
    for pool in POOLS.values():
        assert len(pool(PoolContext(space, seen, space.rows[:3], lambda a: a.sum(axis=1) * 1.0, rng), 20)) == 0


def test_an_unknown_pool_is_refused():
    with pytest.raises(UnknownName, match="mutation"):
        check_pool("mutations")
