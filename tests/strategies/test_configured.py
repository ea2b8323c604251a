"""Strategies that are mostly settings: their constructor, checks and help follow from the fields of a dataclass."""

import subprocess
import sys
from dataclasses import dataclass, field

import pytest

from nasbench.errors import InvalidOption
from nasbench.options import describe_options
from nasbench.registry import SPACES, STRATEGIES, Choice, options_of
from nasbench.strategies._configured import ConfiguredStrategy, Label
from nasbench.strategies._smbo import ModelBasedSearch

LINEAR = "bayesian_linear_regression,encoding=one_hot"


@dataclass(kw_only=True, eq=False)
class Linear(ModelBasedSearch):
    """A strategy in ten lines."""

    predictor: Label = LINEAR
    acquisition: str = field(default="exploit", init=False)
    pool: str = field(default="mutation", init=False)
    pool_size: int = 20


def configured():
    for name in STRATEGIES.names():
        if not STRATEGIES.missing_extra(name):
            component = STRATEGIES.load(name)
            if issubclass(component, ConfiguredStrategy):
                yield name, component


def test_a_configured_strategy_has_the_options_that_are_not_fixed(rng):
    assert set(options_of(Linear)) == {"n_init", "predictor", "pool_size"}
    component, options = Choice("mine", options={"n_init": 3}, cls=Linear).resolve(STRATEGIES)
    strategy = component(SPACES.load("nb201")(), rng, **options)
    assert strategy.ask(3).arch.shape == (3, 6)
    assert f"n_init=3, batch=1, predictor='{LINEAR}', acquisition='exploit'" in repr(strategy)


@pytest.mark.parametrize(
    ("options", "says"),
    [({"n_init": 0}, "of 'Linear'; expected a whole number, at least 1"), ({"pool_size": "x"}, "=x")],
)
def test_what_an_annotation_does_not_allow_is_refused(options, says, rng):
    with pytest.raises(InvalidOption, match=says):
        Linear(SPACES.load("nb201")(), rng, **options)


def test_what_is_fixed_is_not_an_option(rng):
    with pytest.raises(TypeError, match="pool"):
        Linear(SPACES.load("nb201")(), rng, pool="whole")


def test_two_searches_with_the_same_settings_are_two(rng):
    assert Linear(SPACES.load("nb201")(), rng) != Linear(SPACES.load("nb201")(), rng)


def test_every_field_of_a_configured_strategy_is_declared_by_a_decorated_class():
    """Without ``@dataclass`` of its own, a class would keep the defaults that it inherits."""
    found = dict(configured())
    assert len(found) > 30
    for name, component in found.items():
        for cls in component.__mro__:
            if issubclass(cls, ConfiguredStrategy) and "__annotations__" in vars(cls):
                assert "__dataclass_fields__" in vars(cls), (
                    f"{name}: {cls.__name__} lacks @dataclass(kw_only=True, eq=False)"
                )


def test_every_option_of_a_configured_strategy_is_described():
    for name, component in configured():
        assert not set(options_of(component)) - set(describe_options(component)), name


def test_what_a_sub_class_says_of_an_option_counts_more():
    described = describe_options(STRATEGIES.load("smac"))
    assert described["pool_size"].startswith("random candidates besides those that local search finds")
    assert described["n_init"] == "random architectures at the start."


def test_a_manual_page_says_what_each_option_means():
    command = [sys.executable, "-m", "nasbench", "info", "asha"]
    page = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "\n  min_epoch: lowest epoch of a rung.\n" in page
    assert "options: epochs=(), eta=4, min_epoch=1, max_epoch=None, kind='promotion'" in page
