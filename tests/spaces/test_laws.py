"""Algebra of the spaces, by hypothesis."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench.registry import SPACES
from nasbench.spaces import EnumeratedSpace

NAMES = SPACES.names()


@cache
def space_of(name):
    return SPACES.load(name)()


@st.composite
def space_and_archs(draw):
    space = space_of(draw(st.sampled_from(NAMES)))
    if isinstance(space, EnumeratedSpace):
        index = draw(st.lists(st.integers(0, int(space.size) - 1), min_size=1, max_size=12))
        archs = space.unindex(np.array(index))
    else:
        row = st.tuples(*(st.integers(0, int(k) - 1) for k in space.cardinality))
        archs = np.array(draw(st.lists(row, min_size=1, max_size=12)), dtype=np.int8)
        archs = np.where(space.is_valid(archs)[:, None], archs, space.sample(len(archs), np.random.default_rng(0)))
    return space, archs, np.random.default_rng(draw(st.integers(0, 2**32)))


def position(space, archs):
    """Return where each architecture stands among all: its index, or its digits read as one number."""
    if isinstance(space, EnumeratedSpace):
        return space.index(archs)
    if np.prod(space.cardinality, dtype=float) >= 2**63:
        pytest.skip(f"the digits of '{space.name}' are not int64: it has tests of its own")
    return archs @ np.append(np.cumprod(space.cardinality[:0:-1])[::-1], 1)


@given(space_and_archs())
@settings(max_examples=150, deadline=None)
def test_a_mutation_is_valid_and_one_edit_away(case):
    space, archs, rng = case
    neighbors, owner = space.neighbors(archs)
    for child, parent in zip(space.mutate(archs, rng), range(len(archs)), strict=True):
        assert space.is_valid(child[None]).all()
        assert (neighbors[owner == parent] == child).all(axis=1).any()


@given(space_and_archs())
@settings(max_examples=150, deadline=None)
def test_text_and_index_are_inverted(case):
    space, archs, _ = case
    assert (space.parse(space.format(archs)) == archs).all()
    if isinstance(space, EnumeratedSpace):
        assert (space.unindex(space.index(archs)) == archs).all()


@given(space_and_archs())
@settings(max_examples=150, deadline=None)
def test_canonical_is_idempotent_and_answers_do_not_depend_on_order(case):
    space, archs, rng = case
    canonical = space.canonicalize(archs)
    assert (space.canonicalize(canonical) == canonical).all()
    order = rng.permutation(len(archs))
    assert (space.canonicalize(archs[order]) == canonical[order]).all()
    for encoding in space.encodings:
        assert (space.encode(archs[order], encoding) == space.encode(archs, encoding)[order]).all()


@given(space_and_archs())
@settings(max_examples=150, deadline=None)
def test_a_child_of_two_parents_is_valid(case):
    space, archs, rng = case
    other = space.sample(len(archs), rng)
    assert space.is_valid(space.crossover(archs, other, rng)).all()


def reached_by_edits(space, start, goal, rounds=60, width=30):
    """Return whether a beam search over neighbourhoods, guided by the decisions that differ, reaches ``goal``."""
    front = start
    for _ in range(rounds):
        if (front == goal).all(axis=1).any():
            return True
        found = np.unique(np.concatenate([front, space.neighbors(front)[0]]), axis=0)
        front = found[np.argsort((found != goal).sum(axis=1), kind="stable")[:width]]
    return False


@pytest.mark.parametrize("name", NAMES)
def test_neighbourhoods_are_connected(name, rng):
    """Every architecture can be reached by edits, so that local moves can find the optimum."""
    space = space_of(name)
    if not isinstance(space, EnumeratedSpace) and np.prod(space.cardinality, dtype=float) >= 2**63:
        pytest.skip(f"'{name}' is too large for a beam search: it has tests of its own")
    if not isinstance(space, EnumeratedSpace):
        for start, goal in zip(space.sample(20, rng), space.sample(20, rng), strict=True):
            assert reached_by_edits(space, start[None], goal)
        return
    reached = np.zeros(int(space.size), dtype=bool)
    front = np.array([0])
    while len(front):
        reached[front] = True
        found = space.index(space.neighbors(space.unindex(front))[0])
        front = np.unique(found[~reached[found]])
    assert reached.all()


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_uniform(name, rng):
    space = space_of(name)
    if not isinstance(space, EnumeratedSpace) and space.size != np.prod(space.cardinality):
        pytest.skip(f"'{name}' is neither listed nor all of its digits; its own tests count its samples")
    place = position(space, space.sample(200_000, rng))
    # the second counts what the first cannot see in a large space: its last decisions
    for part in (place / space.size, place % 100_003 / min(space.size, 100_003)):
        counts = np.bincount((part * 20).astype(np.int64), minlength=20)
        # chi-square with 19 degrees of freedom: 43.8 is the 99.9 % quantile
        assert ((counts - 10_000) ** 2 / 10_000).sum() < 43.8


@pytest.mark.parametrize("name", NAMES)
def test_mutations_are_uniform_among_neighbours(name, rng):
    space = space_of(name)
    arch = space.sample(1, rng)
    neighbors, _ = space.neighbors(arch)
    places = position(space, neighbors)
    children = position(space, space.mutate(np.repeat(arch, 40_000, axis=0), rng))
    counts = np.array([(children == i).sum() for i in places])
    expected = 40_000 / len(neighbors)
    assert counts.sum() == 40_000
    assert ((counts - expected) ** 2 / expected).sum() < len(neighbors) + 5 * np.sqrt(2 * len(neighbors))


@pytest.mark.parametrize("name", NAMES)
def test_one_mutation_draws_like_many(name):
    space = space_of(name)
    archs = space.sample(50, np.random.default_rng(0))
    one, many = np.random.default_rng(1), np.random.default_rng(1)
    single = np.concatenate([space.mutate(archs[i : i + 1], one) for i in range(50)])
    assert (single == space.mutate(archs, many)).all()
