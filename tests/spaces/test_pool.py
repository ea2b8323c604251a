"""A space restricted to what was measured: the laws of a space hold, and no architecture is out of reach or a trap."""

import copy
import itertools

import numpy as np
import pytest

from nasbench.errors import InvalidArchitecture
from nasbench.registry import SPACES
from nasbench.spaces import EnumeratedSpace
from nasbench.spaces._pool import MeasuredSpace
from nasbench.spaces.hyper import HyperSpace
from nasbench.spaces.nb101 import NASBench101
from nasbench.spaces.nb201 import NASBench201
from nasbench.testing import check_space

GRID = {"decisions": {"a": {"integer": [0, 4]}, "b": {"integer": [0, 4]}}}
WIDE = {"decisions": {f"x{i}": {"categorical": [*"abcde"]} for i in range(12)}}  # 244 million: not listed


def drawn(space, n, rng):
    """Different architectures of a space, as a table of it could hold them; ``[<= n, d]``."""
    archs = space.sample(4 * n, rng)
    if space.trained_once_per_class and not isinstance(space, EnumeratedSpace):
        archs = space.canonicalize(archs)
    return rng.permutation(np.unique(archs, axis=0))[:n]


@pytest.mark.parametrize("n", [2, 7, 60, 900])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("nb201", {}),
        ("nb201", {"simplified": True}),
        ("nats_sss", {}),
        ("nbgraph", {}),
        ("nb101", {}),
        ("darts", {}),
        ("nbnlp", {}),
        ("hyper", {}),
        ("hyper", WIDE),
        ("tnb101_macro", {}),
    ],
)
def test_the_laws_of_a_space_hold(name, options, n, rng):
    inner = SPACES.load(name)(**options)
    space = MeasuredSpace(inner, drawn(inner, n, rng))
    check_space(space, rng)
    assert space.size == len(space.rows)


@pytest.mark.parametrize("n", [2, 3, 5, 40])
def test_every_architecture_has_a_neighbour(n, rng):
    space = MeasuredSpace(SPACES.load("darts")(), drawn(SPACES.load("darts")(), n, rng))
    _, owner = space.neighbors(space.rows)
    assert (np.bincount(owner, minlength=n) >= min(n - 1, 4)).all()
    assert (space.mutate(space.rows, rng) != space.rows).any(axis=1).all()


def test_neighbours_are_those_of_the_space_that_were_measured(rng):
    """In a space where nearly all was measured, nothing but the gaps is gone: counted by hand on a 5 x 5 grid."""
    inner = HyperSpace(**GRID)
    gaps = [[2, 2]]
    rows = inner.rows[~(inner.rows == gaps).all(axis=1)]
    space = MeasuredSpace(inner, rows)

    def around(arch):
        return {tuple(row) for row in space.neighbors(np.array([arch], dtype=np.int8))[0].tolist()}

    assert around([0, 0]) == {(0, 1), (1, 0)}, "two in the corner, as in the space itself"
    assert around([1, 1]) == {(0, 1), (1, 0), (1, 2), (2, 1)}
    # three of four are left beside the gap, so that those two steps away are let in, that behind the gap too
    two_away = {(0, 1), (4, 1), (1, 0), (3, 0), (1, 2), (3, 2), (2, 3)}
    assert around([2, 1]) == {(1, 1), (3, 1), (2, 0)} | two_away


def test_steps_along_an_ordered_decision_count(rng):
    """Of a sparse line the next architecture is a neighbour, not every one that differs in this decision."""
    inner = HyperSpace({"a": {"integer": [0, 100]}, "b": {"categorical": ["x", "y"]}})
    rows = np.array([[at, 0] for at in (0, 10, 20, 30, 40, 50, 99)], dtype=np.int8)
    near, _ = MeasuredSpace(inner, rows).neighbors(rows[3:4])
    assert near[:, 0].tolist() == [10, 20, 40, 50]


def test_a_single_architecture_stays(rng):
    space = MeasuredSpace(NASBench201(), NASBench201().rows[77:78])
    assert len(space.neighbors(space.rows)[0]) == 0
    for moved in (space.mutate(space.rows, rng), space.sample(1, rng), space.crossover(space.rows, space.rows, rng)):
        assert (moved == space.rows).all()


def test_a_draw_is_uniform_over_what_was_measured(rng):
    inner = SPACES.load("darts")()
    space = MeasuredSpace(inner, drawn(inner, 10, rng))
    counts = np.bincount(space.index(space.sample(20_000, rng)), minlength=10)
    assert ((counts - 2000) ** 2 / 2000).sum() < 33.7  # chi-squared of 9 degrees of freedom at p = 1e-4


def test_children_are_the_nearest_that_were_measured(rng):
    inner = SPACES.load("darts")()
    space = MeasuredSpace(inner, drawn(inner, 30, rng))
    a, b = space.rows[:20], space.rows[10:30]
    seeds = [np.random.default_rng(3) for _ in range(2)]
    wanted, given = inner.crossover(a, b, seeds[0]), space.crossover(a, b, seeds[1])
    for child, found in zip(wanted, given, strict=True):
        assert (found != child).sum() == (space.rows != child).sum(axis=1).min()


def test_twins_stand_for_each_other_where_one_was_trained(rng):
    """NAS-Bench-101 tables hold canonical rows: an edit leads to the row of the cell that it makes."""
    inner = NASBench101()
    cells = inner.unique_cells(5)
    space = MeasuredSpace(inner, cells)
    cell = cells[1000:1001]
    made = {tuple(row) for row in inner.canonicalize(inner.neighbors(cell)[0]).tolist()}
    expected = made & {tuple(row) for row in cells.tolist()} - {tuple(cell[0].tolist())}
    assert len(expected) >= 4
    assert {tuple(row) for row in space.neighbors(cell)[0].tolist()} == expected


def test_a_class_is_represented_by_one_that_was_measured(rng):
    inner = NASBench201()
    canonical = inner.canonicalize(inner.rows)
    twins = inner.rows[(canonical != inner.rows).any(axis=1)]  # no representative of the space is among them
    space = MeasuredSpace(inner, twins)
    found = space.canonicalize(twins)
    assert space.is_valid(found).all()
    same = np.unique(inner.canonicalize(twins), axis=0, return_inverse=True)[1].reshape(-1)
    mine = np.unique(found, axis=0, return_inverse=True)[1].reshape(-1)
    assert len(set(zip(same.tolist(), mine.tolist(), strict=True))) == same.max() + 1 == mine.max() + 1


def test_what_was_not_measured_is_refused_by_name(rng):
    inner = HyperSpace(**GRID)
    space = MeasuredSpace(inner, inner.rows[:6])
    with pytest.raises(InvalidArchitecture, match=r"a=4,b=4 was not measured \(1 of 2 given\).*restricted to the 6"):
        space.mutate(inner.rows[[0, 24]], rng)
    with pytest.raises(InvalidArchitecture, match="not an architecture of space 'hyper'"):
        space.mutate(np.array([[5, 0]], dtype=np.int8), rng)


def test_what_the_space_alone_knows_is_there(rng):
    inner = NASBench201()
    space = MeasuredSpace(inner, inner.rows[::7])
    np.testing.assert_array_equal(space.network_size(space.rows[:3]), inner.network_size(space.rows[:3]))
    assert not hasattr(space, "no_such_thing")
    again = copy.deepcopy(space)
    assert (again.rows == space.rows).all()
    assert again.encodings == inner.encodings
    for encoding, arch in itertools.product(inner.encodings, inner.rows[:2]):
        assert (space.encode(arch[None], encoding) == inner.encode(arch[None], encoding)).all()
