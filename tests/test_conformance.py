"""The shipped kits, run over everything that is registered: a new file is tested on arrival."""

from functools import partial

import numpy as np
import pytest

import nasbench
from nasbench.errors import InvalidOption
from nasbench.registry import PREDICTORS, SPACES, STRATEGIES
from nasbench.spaces import EnumeratedSpace
from nasbench.testing import check_space, check_strategy, check_task


@pytest.mark.parametrize("name", SPACES.names())
def test_spaces_keep_their_laws(name, rng):
    check_space(SPACES.load(name)(), rng)


@pytest.mark.parametrize("space", SPACES.names())
@pytest.mark.parametrize("name", STRATEGIES.names())
def test_strategies_keep_the_contract(name, space):
    strategy, space = STRATEGIES.load(name), SPACES.load(space)()
    for options in ({}, *getattr(strategy, "presets", {}).values()):
        try:
            strategy(space, np.random.default_rng(0), **options)
        except InvalidOption as error:
            assert not isinstance(space, EnumeratedSpace), "only a space that is not enumerated may be refused"
            pytest.skip(str(error))
        check_strategy(partial(strategy, **options), space)


@pytest.mark.parametrize("name", nasbench.task_names())
def test_tasks_keep_their_promises(name, rng):
    check_task(nasbench.load_task(name), rng)


@pytest.mark.parametrize("registry", [SPACES, STRATEGIES, PREDICTORS], ids=lambda registry: registry.kind)
def test_every_component_says_what_it_is_and_where_it_comes_from(registry):
    for name in registry.names():
        component = registry.load(name)
        assert registry.summary(name), f"{name} has no summary"
        assert component.__doc__, f"{name}'s class has no documentation"
        module = __import__(component.__module__, fromlist=["_"])
        assert any(year in module.__doc__ for year in map(str, range(1950, 2027))) or "oracle" in module.__doc__, (
            f"{name} names no source"
        )


def test_a_broken_strategy_is_caught():
    class Repeats:
        def __init__(self, space, rng):
            self.arch = space.sample(1, rng)

        def ask(self, n):
            return nasbench.full_trainings(0, self.arch)

        def tell(self, results): ...

    with pytest.raises(AssertionError, match="used twice"):
        check_strategy(Repeats, SPACES.load("nb201")())


def test_a_strategy_with_global_randomness_is_caught():
    class Global:
        def __init__(self, space, rng):
            self.space, self.n = space, 0

        def ask(self, n):
            rows = np.random.randint(0, 15625, size=n)  # noqa: NPY002
            self.n += n
            return nasbench.full_trainings(self.n - n, self.space.rows[rows])

        def tell(self, results): ...

    with pytest.raises(AssertionError, match="the same seed gives another run"):
        check_strategy(Global, SPACES.load("nb201")())


def test_a_strategy_that_stumbles_over_a_second_objective_is_caught():
    class Single:
        def __init__(self, space, rng):
            self.space, self.rng, self.n = space, rng, 0

        def ask(self, n):
            self.n += n
            return nasbench.full_trainings(self.n - n, self.space.sample(n, self.rng))

        def tell(self, results):
            ((_,),) = results.score.tolist()

    with pytest.raises(ValueError, match="too many values"):
        check_strategy(Single, SPACES.load("nb201")())
