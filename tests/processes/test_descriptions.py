"""What a process is told of a space suffices to name every architecture."""

import json
import math
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench.errors import StrategyError
from nasbench.processes._descriptions import describe_space
from nasbench.processes._messages import read_arch
from nasbench.registry import SPACES
from nasbench.spaces import MeasuredSpace
from nasbench.spaces.hyper import HyperSpace

MIXED = {
    "decisions": {
        "lr": {"real": [1e-4, 1.0], "log": True},
        "optimizer": {"categorical": ["sgd", "adam", "none"]},
        "momentum": {"real": [0.0, 0.99]},
        "bias": {"categorical": [True, False]},
        "width": {"integer": [16, 128], "log": True},
        "batch": {"integer": [1, 100_000], "log": True, "step": 1},
        "depth": {"integer": [-2, 9]},
        "drop": {"ordinal": [0, 0.1, 0.5]},
    },
    "conditions": [{"decision": "momentum", "when": "optimizer", "is": ["sgd"]}],
}


def describe(space):
    return describe_space(space, np.random.default_rng(0))


def draw_value(decision, rng):
    """Draw one value by what the description says, as a contestant would."""
    if "values" in decision:
        return decision["values"][int(rng.integers(len(decision["values"])))]
    low, high = decision["range"]
    drawn = math.exp(rng.uniform(math.log(low), math.log(high))) if decision["log"] else rng.uniform(low, high)
    drawn = min(max(drawn, low), high)
    return drawn if decision["kind"] == "real" else low + (int(drawn) - low) // decision["step"] * decision["step"]


def draw_architecture(described, rng):
    arch = {}
    for decision in described["decisions"]:
        when = decision.get("when")
        if when is None or arch.get(when["decision"]) in when["is"]:
            arch[decision["name"]] = draw_value(decision, rng)
    return arch


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31))
@pytest.mark.parametrize(
    "space", [HyperSpace(**MIXED), HyperSpace(), SPACES.load("nb201")(), SPACES.load("nats_sss")()]
)
def test_an_architecture_drawn_by_the_description_is_in_the_space(space, seed):
    described = json.loads(json.dumps(describe(space), allow_nan=False))
    drawn = json.loads(json.dumps(draw_architecture(described, np.random.default_rng(seed))))
    arch = read_arch(space, drawn)
    assert (read_arch(space, space.format(arch)[0]) == arch).all()
    assert (read_arch(space, arch[0].tolist()) == arch).all()


@pytest.mark.parametrize("name", SPACES.names())
def test_every_space_is_described(name, rng):
    space = SPACES.load(name)()
    described = json.loads(json.dumps(describe(space), allow_nan=False))
    assert [decision["name"] for decision in described["decisions"]] == list(space.decisions)
    assert [len(decision["values"]) for decision in described["decisions"]] == space.cardinality.tolist()
    assert described["size"] == (None if math.isinf(space.size) else space.size)
    assert all(space.is_valid(read_arch(space, text))[0] for text in described["examples"])
    if "architectures" in described:
        assert described["architectures"] == space.format(space.rows)


def test_the_kinds_of_a_mixed_space():
    described = {decision.pop("name"): decision for decision in describe(HyperSpace(**MIXED))["decisions"]}
    assert described == {
        "lr": {"kind": "real", "range": [1e-4, 1.0], "log": True},
        "optimizer": {"kind": "categorical", "values": ["sgd", "adam", "none"]},
        "momentum": {
            "kind": "real",
            "range": [0.0, 0.99],
            "log": False,
            "when": {"decision": "optimizer", "is": ["sgd"]},
        },
        "bias": {"kind": "categorical", "values": [True, False]},
        "width": {"kind": "integer", "values": [16, 32, 64, 128]},
        "batch": {"kind": "integer", "range": [1, 100_000], "log": True, "step": 1},
        "depth": {"kind": "integer", "values": list(range(-2, 10))},
        "drop": {"kind": "ordinal", "values": [0, 0.1, 0.5]},
    }


def test_architectures_are_listed_where_not_every_combination_is_one():
    listed = {name for name in SPACES.names() if "architectures" in describe(SPACES.load(name)())}
    assert listed == {"hyper", "nbgraph", "tnb101_macro"}


def test_a_restricted_space_lists_what_can_be_trained(cifar10):
    rows = cifar10.space.rows[::500]
    described = describe(MeasuredSpace(cifar10.space, rows))
    assert described["size"] == len(rows)
    assert described["architectures"] == cifar10.space.format(rows)


def test_a_restricted_space_with_numbers_on_a_scale_lists_what_can_be_trained(rng):
    """Also where whole numbers have more combinations than an int64 holds."""
    many = {"decisions": {f"n{i}": {"integer": [1, 2**16]} for i in range(4)}}
    for whole in (HyperSpace(**MIXED), HyperSpace(**many)):
        rows = np.unique(whole.sample(5, rng), axis=0)
        described = describe(MeasuredSpace(whole, rows))
        assert sorted(described["architectures"]) == sorted(whole.format(rows))


class Undeclared(HyperSpace):
    """A space with conditions that says nothing of its declaration."""

    code_options: ClassVar = {}


NESTED = {
    "decisions": {
        "b": {"categorical": ["x", "y"]},
        "a": {"categorical": ["on", "off"]},
        "c": {"ordinal": [1, 2, 3]},
    },
    "conditions": [{"decision": "b", "when": "a", "is": ["off"]}, {"decision": "c", "when": "b", "is": ["x"]}],
}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"a": "on"}, ""),
        ({"a": "off", "b": "y"}, ""),
        ({"c": 3, "b": "x", "a": "off"}, ""),
        ({}, "has no value of 'a'"),
        ({"a": "off"}, "has no value of 'b'"),
        ({"a": "on", "c": 1}, "has a value of 'c', which is inactive"),
        ({"a": "off", "b": "y", "c": 1}, "has a value of 'c', which is inactive"),
        ({"a": "of"}, "unknown value of 'a' 'of'; did you mean"),
        ({"A": "off"}, "unknown decision 'A'"),
    ],
)
def test_conditions_hold_where_a_space_knows_only_its_coding(values, why):
    space, same = Undeclared(**NESTED), HyperSpace(**NESTED)
    plain = [decision.get("when") for decision in describe(space)["decisions"]]
    assert plain == [decision.get("when") for decision in describe(same)["decisions"]]
    if why:
        with pytest.raises(StrategyError, match=why):
            read_arch(space, values)
    else:
        assert same.format(read_arch(space, values)) == same.format(read_arch(same, values))


@pytest.mark.parametrize(
    "given",
    [
        None,
        True,
        7,
        [],
        [[0, 0, 0, 0, 0, 0]],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0.5],
        [0, 0, 0, 0, 0, True],
        [0, 0, 0, 0, 0, 10**400],
        [0, 0, 0, 0, 0, 300],
        [0, 0, 0, 0, 0, math.inf],
        {},
        {"edge_0_1": "none"},
        dict.fromkeys(("edge_0_1", "edge_0_2", "edge_1_2", "edge_0_3", "edge_1_3", "edge_2_3"), "conv_9x9"),
        dict.fromkeys(("edge_0_1", "edge_0_2", "edge_1_2", "edge_0_3", "edge_1_3", "edge_2_3"), 3),
        "",
        "#15625",
        "x" * 100_000,
    ],
)
def test_anything_else_is_no_architecture(given):
    with pytest.raises(StrategyError) as caught:
        read_arch(SPACES.load("nb201")(), given)
    assert len(str(caught.value)) < 1000
