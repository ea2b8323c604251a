"""What codes mean: spaces that agree can be joined, others are refused with the contradiction named."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from test_hyper import declarations

from nasbench.errors import InvalidArchitecture, InvalidOption
from nasbench.registry import SPACES
from nasbench.spaces import Party, refuse_other_codes
from nasbench.spaces.hyper import HyperSpace
from nasbench.spaces.nb201 import NASBench201
from nasbench.spaces.nbgraph import NASBenchGraph
from nasbench.testing import check_space


@given(declarations())
@settings(max_examples=60, deadline=None)
def test_the_options_make_the_same_space_again(declaration):
    space = HyperSpace(*declaration)
    again = HyperSpace(**json.loads(json.dumps(space.code_options)))
    assert again.declared == space.declared
    assert again.coding == space.coding


@pytest.mark.parametrize(
    ("declared", "values"),
    [
        ({"integer": [1, 9], "log": True}, (1, 2, 4, 8)),
        ({"integer": [1, 9], "log": True, "step": 3}, (1, 3, 9)),
        ({"integer": [1, 2], "log": True}, (1, 2)),
        ({"integer": [-1, 6], "step": 3}, (-1, 2, 5)),
        ({"integer": [4, 4]}, (4,)),
    ],
)
def test_integers_are_declared_by_their_bounds(declared, values):
    space = HyperSpace({"a": declared, "b": {"ordinal": [0, 1]}})
    again = HyperSpace(**space.code_options)
    assert again.declared[0].values == values
    assert again.declared == space.declared


@pytest.mark.parametrize("name", SPACES.names())
def test_only_declared_spaces_have_options_that_decide(name):
    space = SPACES.load(name)()
    assert bool(space.code_options) == (name == "hyper")
    assert [item.decision for item in space.coding] == list(space.decisions)
    assert [len(item.values) for item in space.coding] == space.cardinality.tolist()


def test_what_restricts_keeps_the_codes():
    few = NASBenchGraph(operations=["gcn", "skip"])
    refuse_other_codes(Party("few", few), Party("all", NASBenchGraph()))
    refuse_other_codes(Party("simplified", NASBench201(simplified=True)), Party("all", NASBench201()))
    assert NASBenchGraph().is_valid(few.rows).all()


def test_another_space_of_as_many_codes_is_refused():
    """Both have six decisions, so that most rows of the one are rows of the other too."""
    with pytest.raises(InvalidOption, match="a has space 'nb201', b has space 'tnb101_micro'"):
        refuse_other_codes(Party("a", NASBench201()), Party("b", SPACES.load("tnb101_micro")()))


def test_a_value_as_text_is_not_the_truth_value():
    space = HyperSpace({"a": {"categorical": ["True", True, "false"]}, "b": {"ordinal": [1, 2]}})
    check_space(space, np.random.default_rng(0), n=40)
    assert space.parse(["a=True,b=1", "a=true,b=1", "a=false,b=2.0"]).tolist() == [[0, 0], [1, 0], [2, 1]]


def test_what_is_no_number_is_not_read_as_one_that_is_none():
    space = HyperSpace({"a": {"ordinal": [math.nan, 1.0]}})
    with pytest.raises(InvalidArchitecture, match="unknown value 'none'"):
        space.parse(["a=none"])


def test_architectures_are_no_index():
    """Their digits are numbers of architectures too."""
    space = NASBench201()
    for wrong in (space.rows[:2], space.rows[7], [0.5], ["3"], 3):
        with pytest.raises(InvalidArchitecture, match=r"space\.index\(archs\)"):
            space.unindex(wrong)
    assert space.unindex([]).shape == (0, 6)
    assert (space.unindex([3, 1]) == space.rows[[3, 1]]).all()


def test_equal_numbers_are_one_value_and_listed_twins_two():
    def coded(*values):
        return Party("one", HyperSpace({"a": {"categorical": list(values)}}))

    refuse_other_codes(coded(1, 0.5), coded(1.0, "0.5"))
    for ours, theirs in (((1.0, "1"), ("1", 1.0)), ((True, 1), (1, True)), ((1, 2), (2, 1)), ((1, "a"), (1, "b"))):
        with pytest.raises(InvalidOption, match="'a' takes"):
            refuse_other_codes(coded(*ours), coded(*theirs))
