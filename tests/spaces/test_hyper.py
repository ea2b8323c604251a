"""Declared spaces: counts by hand, conditions, refusals, and the way to ConfigSpace and back."""

import json
import pickle
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench.errors import InvalidArchitecture, InvalidOption, MissingExtra, UnknownName
from nasbench.spaces import EnumeratedSpace
from nasbench.spaces.hyper import HyperSpace
from nasbench.testing import check_space, check_strategy

SMALL = {
    "momentum": {"ordinal": [0, 0.9, 0.99]},  # declared before what it depends on
    "optimizer": {"categorical": ["sgd", "adam", "none"]},
    "nesterov": {"categorical": [False, True]},
    "depth": {"integer": [2, 9], "step": 3},
}
CONDITIONS = [
    {"decision": "momentum", "when": "optimizer", "is": ["sgd"]},
    {"decision": "nesterov", "when": "momentum", "is": [0.9, 0.99]},
]


@pytest.fixture
def small():
    return HyperSpace(SMALL, CONDITIONS)


@st.composite
def declarations(draw):
    """Any declaration of up to five decisions, each of which may depend on any earlier one."""
    decisions, conditions = {}, []
    for i in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["categorical", "ordinal", "integer"]))
        k = draw(st.integers(1 if i else 2, 4))
        decisions[f"d{i}"] = {kind: [3, 2 + k] if kind == "integer" else [f"v{j}" for j in range(k)]}
        if i and draw(st.booleans()):
            parent = draw(st.integers(0, i - 1))
            values = next(iter(decisions[f"d{parent}"].values()))
            conditions.append({"decision": f"d{i}", "when": f"d{parent}", "is": values[: draw(st.integers(1, 2))]})
    return decisions, conditions


@given(declarations(), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_any_declaration_keeps_the_laws(declaration, seed):
    check_space(HyperSpace(*declaration), np.random.default_rng(seed), n=40)


@given(declarations())
@settings(max_examples=60, deadline=None)
def test_rows_are_all_distinct_resets_of_the_product(declaration):
    """Closed form: the valid rows are the product of all digits with inactive ones reset, each once."""
    space = HyperSpace(*declaration)
    product = np.indices(tuple(space.cardinality), dtype=np.int8).reshape(len(space.cardinality), -1).T
    assert (np.unique(space.canonicalize(product.copy()), axis=0) == space.rows).all()
    assert space.size == len(space.rows)


def test_conditions_reduce_what_is_counted(small):
    # sgd: momentum 0 alone, or two others times two; adam and none: one each; times three depths
    assert small.size == ((1 + 2 * 2) + 2) * 3 == 21
    assert isinstance(small, EnumeratedSpace)
    assert small.format(small.rows[:1]) == ["momentum=0,optimizer=sgd,depth=2"]
    reset = small.canonicalize(np.array([[2, 1, 1, 2]], dtype=np.int8))
    assert reset.tolist() == [[0, 1, 0, 2]]
    assert small.is_valid(np.array([[2, 1, 1, 2], [0, 1, 0, 2], [0, 0, 1, 0]])).tolist() == [False, True, False]


def test_text_takes_any_order_and_notation(small):
    texts = ["depth=5.0, nesterov=true, optimizer=sgd, momentum=9e-1", "optimizer=adam,depth=8"]
    archs = small.parse(texts)
    assert small.format(archs) == ["momentum=0.9,optimizer=sgd,nesterov=true,depth=5", "optimizer=adam,depth=8"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("optimizer=adam,depth=8,momentum=0.9", "'momentum' is inactive"),
        ("optimizer=adam", "'depth' is missing"),
        ("optimizer=adam,depth=8,depth=8", "twice"),
        ("optimizer=adam,depth=3", "unknown value '3' of 'depth' .known: 2, 5, 8"),
        ("optimiser=adam,depth=8", "unknown decision 'optimiser'"),
    ],
)
def test_text_that_is_none_says_why(small, text, says):
    with pytest.raises(InvalidArchitecture, match=says):
        small.parse([text])


def test_integers_step_by_sum_or_by_factor():
    space = HyperSpace(
        {
            "a": {"integer": [1, 8], "log": True},
            "b": {"integer": [3, 100], "log": True, "step": 10},
            "c": SMALL["depth"],
        }
    )
    assert [item.values for item in space.declared] == [(1, 2, 4, 8), (3, 30), (2, 5, 8)]


def test_an_ordinal_moves_to_adjacent_values_and_a_categorical_to_any():
    space = HyperSpace({"o": {"ordinal": list("abcde")}, "c": {"categorical": list("vwxyz")}})
    neighbors, _ = space.neighbors(space.parse(["o=c,c=v"]))
    assert space.format(neighbors) == ["o=b,c=v", "o=c,c=w", "o=c,c=x", "o=c,c=y", "o=c,c=z", "o=d,c=v"]


def test_what_a_change_activates_starts_at_its_first_value(small):
    neighbors, _ = small.neighbors(small.parse(["optimizer=adam,depth=2"]))
    assert small.format(neighbors) == [
        "momentum=0,optimizer=sgd,depth=2",
        "optimizer=adam,depth=5",
        "optimizer=none,depth=2",
    ]


def test_a_large_space_is_not_listed_but_keeps_the_laws(rng):
    decisions = {f"x{i}": {"integer": [1, 100]} for i in range(12)} | SMALL
    space = HyperSpace(decisions, CONDITIONS)
    assert not isinstance(space, EnumeratedSpace)
    assert space.size == 100**12 * 21
    check_space(space, rng)
    from nasbench.strategies.model_free.local_search import LocalSearch

    check_strategy(LocalSearch, space, n_trials=20)


def test_large_conditional_spaces_are_sampled_uniformly(rng, small):
    big = HyperSpace(SMALL | {f"x{i}": {"integer": [1, 100]} for i in range(4)}, CONDITIONS)
    assert not isinstance(big, EnumeratedSpace)
    counts = np.bincount(small.index(big.sample(42_000, rng)[:, :4].copy()), minlength=21)
    # chi-square with 20 degrees of freedom: 45.3 is the 99.9 % quantile
    assert ((counts - 2000) ** 2 / 2000).sum() < 45.3


def test_both_roads_to_neighbours_agree(small):
    looked_up, owners = small.neighbors(small.rows)
    computed, others = HyperSpace.neighbors(small, small.rows)
    assert (owners == others).all()
    pairs = [
        sorted(zip(owners.tolist(), small.index(rows).tolist(), strict=True)) for rows in (looked_up, computed.copy())
    ]
    assert pairs[0] == pairs[1]


def test_graphs_follow_the_conditions(small):
    graphs = small.graphs(small.parse(["momentum=0.9,optimizer=sgd,nesterov=true,depth=5", "optimizer=adam,depth=8"]))
    labels = [[graphs.vocabulary[i] for i in row] for row in graphs.operations]
    assert labels[0] == ["input", "optimizer=sgd", "depth=5", "momentum=0.9", "nesterov=true", "output"]
    assert labels[1] == ["input", "optimizer=adam", "depth=8", "inactive", "inactive", "output"]
    assert graphs.adjacency[0, 1].tolist() == [0, 0, 0, 1, 0, 1]
    assert graphs.adjacency[1].sum() == 4


@pytest.mark.parametrize(
    ("decisions", "conditions", "says"),
    [
        ({}, [], "found none"),
        ({"a": {"integer": [1, 10**30]}}, [], "too many values"),
        ({"a": {"ordinal": []}}, [], "no choices"),
        ({"a": {"integer": [8, 1]}}, [], "low, high"),
        ({"a": {"integer": [0, 8], "log": True}}, [], "a low of at least 1"),
        ({"a": {"float": [0.0, 1.0]}}, [], "expected one of categorical, ordinal, integer, real"),
        ({"a": {"real": [0.0, 1.0], "log": True}}, [], "a positive low"),
        ({"a": {"real": [1.0, 1.0]}}, [], "two rising numbers"),
        ({"a": {"real": [0.0, float("nan")]}}, [], "two rising numbers"),
        ({"a": {"real": [0.0, 1.0], "step": 0.1}}, [], "unknown key of decision 'a' 'step'"),
        ({"a": {"ordinal": [1, 2], "step": 1}}, [], "unknown key of decision 'a' 'step'"),
        ({"a": {"ordinal": "abc"}}, [], "expected a list"),
        ({"a": {"ordinal": [1, 1.0]}}, [], "lists a value twice"),
        ({"a": {"ordinal": ["x,y", "z"]}}, [], "cannot be written"),
        ({"a": {"ordinal": [[1], [2]]}}, [], "not a text, a number or a truth value"),
        ({"a": {"ordinal": [1]}}, [], "nothing to search"),
        (SMALL, [{"decision": "momentum"}], "expected {decision"),
        (SMALL, [*CONDITIONS, CONDITIONS[0]], "two conditions"),
        (SMALL, [{"decision": "momentum", "when": "optimizer", "is": []}], "never be active"),
        (SMALL, [CONDITIONS[0], {"decision": "optimizer", "when": "momentum", "is": [0]}], "circle"),
    ],
)
def test_a_wrong_declaration_is_refused(decisions, conditions, says):
    with pytest.raises((InvalidOption, UnknownName), match=says):
        HyperSpace(decisions, conditions)


def test_a_condition_on_what_is_not_declared_offers_what_is():
    with pytest.raises(UnknownName, match="did you mean 'optimizer'"):
        HyperSpace(SMALL, [{"decision": "momentum", "when": "optimiser", "is": ["sgd"]}])
    with pytest.raises(UnknownName, match="value of 'optimizer'"):
        HyperSpace(SMALL, [{"decision": "momentum", "when": "optimizer", "is": "sdg"}])


def test_it_is_plain_data_and_travels(small):
    again = HyperSpace(**json.loads(json.dumps({"decisions": SMALL, "conditions": CONDITIONS})))
    assert again.declared == small.declared
    assert (pickle.loads(pickle.dumps(small)).rows == small.rows).all()


def test_configspace_and_back(small):
    cs = pytest.importorskip("ConfigSpace", reason="the extra 'configspace' is not installed")
    theirs = small.to_configspace()
    theirs.seed(0)
    # what ConfigSpace draws, our parser reads: the same decisions are active
    drawn = [dict(config) for config in theirs.sample_configuration(1000)]
    archs = small.parse([",".join(f"{key}={value}" for key, value in config.items()) for config in drawn])
    assert small.is_valid(archs).all()
    assert len(np.unique(archs, axis=0)) == 21
    back = HyperSpace.from_configspace(theirs)
    assert back.size == small.size
    assert set(back.decisions) == set(small.decisions)
    plain = HyperSpace({"n": {"integer": [1, 8]}, "one": {"categorical": ["only"]}, "c": {"categorical": [1, 2]}})
    assert isinstance(plain.to_configspace()["n"], cs.UniformIntegerHyperparameter)
    assert set(HyperSpace.from_configspace(plain.to_configspace()).declared) == set(plain.declared)


def test_numbers_and_comparisons_of_configspace():
    cs = pytest.importorskip("ConfigSpace", reason="the extra 'configspace' is not installed")
    theirs = cs.ConfigurationSpace({"a": ["x", "y", "z"], "b": [1, 2], "lr": (0.0, 1.0), "n": (1, 1000), "k": (1, 4)})
    theirs.add(cs.UniformFloatHyperparameter("wd", 1e-6, 1e-2, log=True))
    theirs.add(cs.UniformIntegerHyperparameter("width", 8, 256, log=True))
    theirs.add(cs.NotEqualsCondition(theirs["b"], theirs["a"], "y"))
    theirs.add(cs.GreaterThanCondition(theirs["lr"], theirs["k"], 2))
    theirs.add(cs.LessThanCondition(theirs["wd"], theirs["k"], 4))
    declared = HyperSpace.from_configspace(theirs).code_options
    assert declared["decisions"]["wd"] == {"real": [1e-6, 1e-2], "log": True}
    assert declared["decisions"]["lr"] == {"real": [0.0, 1.0]}
    assert declared["decisions"]["width"] == {"integer": [8, 256], "step": 1, "log": True}
    assert declared["decisions"]["n"] == {"integer": [1, 1000]}
    assert {own["decision"]: own["is"] for own in declared["conditions"]} == {
        "b": ["x", "z"],
        "lr": [3, 4],
        "wd": [1, 2, 3],
    }


def test_what_a_table_cannot_hold_is_refused():
    cs = pytest.importorskip("ConfigSpace", reason="the extra 'configspace' is not installed")
    space = cs.ConfigurationSpace({"a": [1, 2, 3], "b": [1, 2]})
    space.add(cs.ForbiddenEqualsClause(space["a"], 3))
    with pytest.raises(InvalidOption, match="forbids"):
        HyperSpace.from_configspace(space)
    space = cs.ConfigurationSpace({"a": [1, 2, 3], "b": [1, 2], "c": [1, 2]})
    two = (cs.EqualsCondition(space["b"], space["a"], 3), cs.EqualsCondition(space["b"], space["c"], 1))
    space.add(cs.AndConjunction(*two))
    with pytest.raises(InvalidOption, match="AndConjunction; a decision may depend on one other decision"):
        HyperSpace.from_configspace(space)
    space = cs.ConfigurationSpace({"a": (0.0, 1.0), "b": [1, 2]})
    space.add(cs.GreaterThanCondition(space["b"], space["a"], 0.5))
    with pytest.raises(InvalidOption, match="compares 'a', whose values are not a list"):
        HyperSpace.from_configspace(space)


def test_without_configspace_the_extra_is_named(small, monkeypatch):
    monkeypatch.setitem(sys.modules, "ConfigSpace", None)
    with pytest.raises(MissingExtra, match=r"nasbench-suite\[configspace\]"):
        small.to_configspace()
