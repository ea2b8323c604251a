"""The grammar of labels: a user's own name of a choice, and what it changes."""

import pytest

import nasbench
from nasbench.choices import Choice, named
from nasbench.errors import InvalidOption
from nasbench.strategies.model_free.random_search import RandomSearch


@pytest.mark.parametrize(
    ("text", "title", "name", "options"),
    [
        ("mine=module:Class,patience=3", "mine", "module:Class", {"patience": 3}),
        ("module:Class,patience=3", "", "module:Class", {"patience": 3}),
        ("GPT 4 (greedy)=random_search", "GPT 4 (greedy)", "random_search", {}),
        ("mine=other:agent --depth=2", "mine", "other:agent --depth=2", {}),
        ("other:agent --depth=2", "", "other:agent --depth=2", {}),
        ("switching,second='x=tpe'", "", "switching", {"second": "x=tpe"}),
    ],
)
def test_a_title_comes_before_the_first_equals_sign(text, title, name, options):
    choice = Choice.parse(text)
    assert (choice.title, choice.name, dict(choice.options)) == (title, name, options)
    assert choice.label == (title or choice.definition)
    assert Choice.from_entry(choice.as_entry()) == choice


@pytest.mark.parametrize("title", ["", "a" * 81, "a=b", "a,b", "a:b", " a", "a\n", "it's", None, 3])
def test_what_is_no_title_is_refused(title):
    with pytest.raises(InvalidOption, match="the name"):
        named(title, "random_search")


def test_two_titles_are_refused():
    with pytest.raises(InvalidOption, match="two names, 'a' and 'b'"):
        Choice.parse("a=b=random_search")


def test_a_title_is_not_the_name_of_another_component():
    with pytest.raises(InvalidOption, match="the name of another strategy"):
        nasbench.compare("nb201-cifar10", "local_search=random_search")
    assert nasbench.Experiment.of("nb201-cifar10", "tpe=tpe").strategies[0].label == "tpe"


def test_the_three_ways_to_give_a_name_are_one():
    ways = ({"mine": "random_search"}, "mine=random_search", [nasbench.named("mine", "random_search")])
    expected = (Choice("random_search", title="mine"),)
    assert all(nasbench.Experiment.of("nb201-cifar10", way).strategies == expected for way in ways)
    assert nasbench.named("mine", RandomSearch).cls is RandomSearch


def test_the_name_is_the_key_of_the_record_and_of_the_random_streams(tmp_path):
    budget = nasbench.Budget(trials=5)
    record = nasbench.compare(
        "nb201-cifar10", {"a": RandomSearch, "b": RandomSearch}, runs=1, limits=budget, out=tmp_path
    )
    assert record.strategies == ["a", "b"]
    first, second = (record.runs("nb201-cifar10", label)[0].history for label in "ab")
    assert first.arch.tolist() != second.arch.tolist()
    assert nasbench.Record(tmp_path).verify().matches
    alone = nasbench.compare("nb201-cifar10", "b=random_search", runs=1, limits=budget)
    assert alone.runs("nb201-cifar10", "b")[0].history.arch.tolist() == second.arch.tolist()
