"""Optional members of strategies, found where they are and only there."""

import copy

import numpy as np
import pytest

from nasbench import Budget, Results, Simulation
from nasbench.errors import BackendError
from nasbench.registry import SPACES, STRATEGIES
from nasbench.spaces import space_with_initial_samples
from nasbench.strategies.model_free.random_search import RandomSearch
from nasbench.trials import Capabilities, capabilities_of

SPACE = SPACES.load("nb201")()


class Bare:
    """A strategy with nothing but the two methods."""

    def ask(self, n): ...

    def tell(self, results): ...


class Full(Bare):
    requires_fidelities = deterministic = True
    n_prefetchable = 0

    def __init__(self):
        self.warm, self.n_prefetchable = None, 3

    def warm_start(self, archs, scores):
        self.warm = archs, scores

    def recommend(self):
        return SPACE.rows[:2]


def test_a_strategy_needs_no_more_than_two_methods():
    assert capabilities_of(Bare) == capabilities_of(Bare()) == Capabilities()


def test_what_a_strategy_offers_is_its_own():
    strategy = Full()
    offers = capabilities_of(strategy)
    assert offers.requires_fidelities
    assert offers.deterministic
    assert offers.n_prefetchable() == 3
    strategy.n_prefetchable = 5
    assert offers.n_prefetchable() == 5
    offers.warm_start(SPACE.rows[:1], np.ones(1))
    assert strategy.warm[1].tolist() == [1.0]
    assert offers.recommend().tolist() == SPACE.rows[:2].tolist()


def test_schedulers_need_fidelities_and_model_based_searches_start_warm():
    named = {name: capabilities_of(STRATEGIES.load(name)) for name in ("asha", "hyperband", "auto", "random_search")}
    assert [name for name, offers in named.items() if offers.requires_fidelities] == ["asha", "hyperband"]
    assert [name for name, offers in named.items() if offers.warm_start] == ["auto"]
    assert [name for name, offers in named.items() if offers.n_prefetchable] == ["auto", "random_search"]


def test_given_architectures_are_drawn_first_and_once(rng):
    space = space_with_initial_samples(SPACE, SPACE.rows[[7, 8, 9]])
    assert isinstance(space, type(SPACE))
    assert SPACE.index(space.sample(2, rng)).tolist() == [7, 8]
    twin = copy.deepcopy(space)
    again = space_with_initial_samples(space, SPACE.rows[[1]])
    for drawing, first in ((space, [9]), (twin, [9]), (again, [1, 9])):
        drawn = drawing.sample(5, np.random.default_rng(3))
        rest = SPACE.sample(5 - len(first), np.random.default_rng(3))
        assert SPACE.index(drawn).tolist() == [*first, *SPACE.index(rest).tolist()]


class Changes:
    """A backend whose answers to the trials from a certain one on have another number of objectives."""

    def __init__(self, shape, at):
        self.shape, self.at = shape, at

    def advance(self, trials):
        n = len(trials.id)
        shape = (n, *self.shape) if trials.id[0] >= self.at else (n, 1)
        return Results(trials.id, np.full(n, 4), np.ones(shape), np.ones(n))


@pytest.mark.parametrize(("shape", "at"), [((), 0), ((0,), 0), ((2, 2), 0), ((2,), 4)])
@pytest.mark.parametrize("n_workers", [1, 4])
def test_a_backend_that_changes_its_objectives_is_refused(shape, at, n_workers):
    class OneByOne(RandomSearch):
        n_prefetchable = 0

    strategy = OneByOne(SPACE, np.random.default_rng(0))
    simulation = Simulation(strategy, Changes(shape, at), SPACE, budget=Budget(trials=9), n_workers=n_workers)
    with pytest.raises(BackendError, match=r"scores of shape .*; expected \[n, (1|objectives)\]"):
        simulation.run()


def test_all_objectives_are_kept(rng):
    backend = Changes((3,), 0)
    history = Simulation(RandomSearch(SPACE, rng), backend, SPACE, budget=Budget(trials=9), n_workers=2).run()
    assert history.score.shape == (9, 3)
    assert not history.crashed.any()
