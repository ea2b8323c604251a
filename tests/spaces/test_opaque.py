"""Opaque spaces: the same search under names that say nothing."""

import re

import numpy as np
import pytest
from scipy.stats import chisquare

from nasbench.errors import InvalidArchitecture, InvalidOption
from nasbench.registry import SPACES
from nasbench.spaces import (
    EnumeratedSpace,
    MeasuredSpace,
    OpaqueSpace,
    hide_architectures,
    hide_names,
    reveal_architectures,
)
from nasbench.spaces.hyper import HyperSpace
from nasbench.testing import check_space

NEUTRAL = re.compile(r"(decision \d+|choice \d+|vertex \d+|[a-z]{1,2}|input|output|[=,])+")


def opaque(name, seed=1):
    space = SPACES.load(name)()
    return space, hide_names(space, np.random.default_rng(seed))


hide, reveal = hide_architectures, reveal_architectures


@pytest.mark.parametrize("name", [name for name in SPACES.names() if name != "nbnlp"])
def test_every_space_keeps_its_contract(name):
    space, hidden = opaque(name)
    check_space(hidden, np.random.default_rng(0))
    assert isinstance(hidden, EnumeratedSpace) == isinstance(space, EnumeratedSpace)
    assert hidden.size == space.size


@pytest.mark.parametrize("name", SPACES.names())
def test_translation_is_exact_and_neighbours_are_the_same(name):
    space, hidden = opaque(name)
    archs = space.sample(50, np.random.default_rng(3))
    np.testing.assert_array_equal(reveal(hidden, hide(hidden, archs)), archs)
    expected = {row.tobytes() for row in space.neighbors(archs[:1])[0]}
    found, owner = hidden.neighbors(hide(hidden, archs[:1]))
    assert {row.tobytes() for row in reveal(hidden, found)} == expected
    assert not owner.any()


def test_samples_and_moves_are_uniform():
    """Chi-squared tests at 0.001 with fixed seeds; 15,625 cells and the 24 neighbours of one."""
    _, hidden = opaque("nb201")
    drawn = hidden.index(hidden.sample(15625 * 8, np.random.default_rng(5)))
    assert chisquare(np.bincount(drawn, minlength=15625)).pvalue > 0.001
    moved = hidden.index(hidden.mutate(np.repeat(hidden.rows[:1], 4800, axis=0), np.random.default_rng(5)))
    counts = np.unique(moved, return_counts=True)[1]
    assert len(counts) == 24
    assert chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize("name", ["nb201", "darts"])
def test_a_known_generator_does_not_give_the_names_away(name):
    space, hidden = opaque(name)
    for draw in (
        lambda of, rng: of.sample(20, rng),
        lambda of, rng: of.sample_as_published(20, rng),
    ):
        told = reveal(hidden, draw(hidden, np.random.default_rng(0)))
        assert (told != draw(space, np.random.default_rng(0))).any(axis=1).all()
    again = [opaque(name)[1].sample(20, np.random.default_rng(0)) for _ in range(2)]
    np.testing.assert_array_equal(*again)


@pytest.mark.parametrize("name", SPACES.names())
def test_no_public_member_says_a_true_name(name):
    space, hidden = opaque(name)
    archs = hidden.sample(5, np.random.default_rng(0))
    said = [
        *hidden.decisions,
        *hidden.operations,
        *(text for coded in hidden.coding for text in (*coded.values, *coded.texts, *coded.among)),
        *hidden.graphs(archs).vocabulary,
        *hidden.format(archs),
    ]
    assert all(NEUTRAL.fullmatch(text) for text in said), [text for text in said if not NEUTRAL.fullmatch(text)][:3]
    members = {member for member in dir(hidden) if not member.startswith("_")}
    assert members <= {*dir(EnumeratedSpace), "name", "decisions", "cardinality", "operations", "rows"}
    values = [getattr(hidden, member) for member in ("name", "forms", "zero_operations", "identity_operations")]
    assert values == ["opaque", (), (), ()]
    assert hidden.code_options == {}
    for text in space.format(space.sample(3, np.random.default_rng(0))):
        with pytest.raises(InvalidArchitecture) as error:
            hidden.read([text])
        assert space.name not in str(error.value).replace(text, "")


def test_decisions_with_the_same_choices_share_letters_and_their_order():
    _, hidden = opaque("nb201")
    assert {coded.texts for coded in hidden.coding} == {("a", "b", "c", "d", "e")}
    assert hidden.graphs(hidden.rows[:1]).vocabulary == ("input", "a", "b", "c", "d", "e", "output")
    alike = hidden.rows[(hidden.rows == hidden.rows[:, :1]).all(axis=1)]  # one operation everywhere
    true = reveal(hidden, alike)
    assert (true == true[:, :1]).all()
    orders = {tuple(reveal(opaque("nb201", seed)[1], alike)[:, 0].tolist()) for seed in range(300)}
    assert len(orders) > 100  # of 120 orders, 300 draws miss about 120 * (119 / 120) ** 300 = 10
    columns = {reveal(opaque("nb201", seed)[1], np.eye(6, dtype=np.int8)[:1]).tobytes() for seed in range(300)}
    assert len(columns) > 50


def test_graphs_are_those_of_the_true_architectures_up_to_names():
    space, hidden = opaque("nb201")
    archs = space.sample(20, np.random.default_rng(0))
    true, neutral = space.graphs(archs), hidden.graphs(hide(hidden, archs))
    np.testing.assert_array_equal(true.adjacency, neutral.adjacency)
    pairs = set(zip(true.operations.ravel().tolist(), neutral.operations.ravel().tolist(), strict=True))
    assert len(pairs) == 7
    for encoding in ("path", "adjacency", "one_hot"):
        there, here = space.encode(archs, encoding), hidden.encode(hide(hidden, archs), encoding)
        assert there.shape == here.shape
        np.testing.assert_array_equal(there.sum(axis=1), here.sum(axis=1))
    distances = [
        (rows[:, None] != rows[None]).sum(axis=2)
        for rows in (space.encode(archs, "path"), hidden.encode(hide(hidden, archs), "path"))
    ]
    np.testing.assert_array_equal(*distances)


def test_conditions_and_orders_of_hyperparameters_stay():
    decisions = {
        "optimizer": {"categorical": ["sgd", "adam", "lion"]},
        "momentum": {"ordinal": [0, 0.5, 0.9, 0.99]},
        "depth": {"integer": [1, 8]},
    }
    space = HyperSpace(decisions, [{"decision": "momentum", "when": "optimizer", "is": ["sgd", "lion"]}])
    reversed_ = set()
    for seed in range(40):
        hidden = hide_names(space, np.random.default_rng(seed))
        assert sorted(hidden.ordered.tolist()) == [False, True, True]
        (child,) = [coded for coded in hidden.coding if coded.when]
        assert len(child.active_at) == 2
        parent = hidden.coding[hidden.decisions.index(child.when)]
        assert child.among == tuple(parent.texts[code] for code in sorted(child.active_at))
        at = hidden.decisions.index(next(coded.decision for coded in hidden.coding if len(coded.values) == 8))
        start = hidden.sample(1, np.random.default_rng(0))
        steps = np.repeat(start, 8, axis=0)
        steps[:, at] = np.arange(8)
        depths = reveal(hidden, steps)[:, 2].tolist()
        assert depths in (list(range(8)), list(range(8))[::-1])
        reversed_.add(depths[0])
        rows = hidden.rows
        inactive = ~np.isin(rows[:, hidden.decisions.index(child.when)], sorted(child.active_at))
        assert len(np.unique(rows[inactive][:, hidden.decisions.index(child.decision)])) == 1
    assert reversed_ == {0, 7}


def test_measured_spaces_hide_what_was_measured():
    space = SPACES.load("nb201")()
    measured = MeasuredSpace(space, space.rows[::50])
    hidden = hide_names(measured, np.random.default_rng(1))
    check_space(hidden, np.random.default_rng(0))
    outside = next(row for row in space.rows if not measured.is_valid(row[None])[0])
    with pytest.raises(InvalidArchitecture, match=r"space 'opaque'.*it was not measured") as error:
        hidden.mutate(hide(hidden, outside[None]), np.random.default_rng(0))
    assert "nor_conv" not in str(error.value)


def test_reading_by_neutral_names():
    _, hidden = opaque("nb201")
    arch = hidden.rows[77:78]
    (text,) = hidden.format(arch)
    named = dict(pair.split("=") for pair in text.split(","))
    for given in ([text], [named], arch.tolist()):
        np.testing.assert_array_equal(hidden.read(given), arch)
    for bad in (["decision 1=a"], [named | {"decision 1": "nor_conv_3x3"}], ["#1462"]):
        with pytest.raises(InvalidArchitecture):
            hidden.read(bad)


def test_real_numbers_are_refused():
    class Real(type(SPACES.load("nb201")())):
        dtype = np.dtype(np.float64)

    with pytest.raises(InvalidOption, match="real numbers"):
        hide_names(Real(), np.random.default_rng(0))
    assert issubclass(type(opaque("nb201")[1]), OpaqueSpace)
