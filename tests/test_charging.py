"""The charged clock: worked examples, and runs that repeat with recorded seconds."""

import numpy as np
import pytest

from nasbench import Budget, Results, full_trainings
from nasbench.charging import ChargedSimulation
from nasbench.registry import SPACES
from nasbench.simulation import Simulation

SPACE = SPACES.load("nb201")()


class TenSeconds:
    """A backend whose every trial takes ten seconds."""

    def advance(self, trials):
        n = len(trials.id)
        return Results(trials.id, np.full(n, 1), np.linspace(0.1, 0.2, n)[:, None], np.full(n, 10.0))


class OneByOne:
    """Asks for one trial at a time."""

    n_ahead = 0

    def __init__(self):
        self.n = 0
        self.log = []

    @property
    def n_prefetchable(self):
        return self.n_ahead

    def ask(self, n):
        n = n if self.n_ahead else 1
        self.n += n
        self.log.append("ask")
        return full_trainings(self.n - n, SPACE.rows[self.n - n : self.n])

    def tell(self, results):
        self.log.append(f"tell {results.id[0]}")


class Recommending(OneByOne):
    def recommend(self):
        self.log.append("recommend")
        return SPACE.rows[self.n : self.n + 1]


def simulate(strategy, charges, *, n_workers=1, **budget):
    run = ChargedSimulation(
        strategy, TenSeconds(), SPACE, budget=Budget(**budget), n_workers=n_workers, charges=charges
    )
    return run, run.run()


def test_one_worker_waits_for_every_call():
    """ask 1 s, train 10 s, tell 2 s: results at 11, 24 and 37 s."""
    run, told = simulate(OneByOne(), [1.0, 2.0] * 3, trials=3)
    assert told.finish_s.tolist() == [11.0, 24.0, 37.0]
    assert told.cost_s.tolist() == [10.0] * 3
    assert run.charges == [1.0, 2.0] * 3


def test_two_workers_share_one_strategy():
    """Two asks of 1 s: A trains 1-11, B 2-12; tell A 11-13, ask 13-14, C 14-24; tell B 14-16, ask 16-17, D 17-27."""
    strategy = OneByOne()
    _, told = simulate(strategy, [1.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 2.0], n_workers=2, trials=4)
    assert strategy.log == ["ask", "ask", "tell 0", "ask", "tell 1", "ask", "tell 2", "tell 3"]
    assert told.finish_s.tolist() == [11.0, 12.0, 24.0, 27.0]


def test_trials_decided_ahead_do_not_wait():
    """One ask of 5 s for all; then trials follow each other, although every tell takes 3 s."""
    strategy = OneByOne()
    strategy.n_ahead = 4
    _, told = simulate(strategy, [5.0, 3.0, 3.0, 3.0, 3.0], trials=4)
    assert told.finish_s.tolist() == [15.0, 25.0, 35.0, 45.0]


def test_recommendations_hold_from_when_they_are_made_and_not_after_the_budget():
    """ask 1, train 10, tell 2, recommend 4: 17 s; then ask 18, result 28, tell and recommend until 34 s."""
    run, told = simulate(Recommending(), [1.0, 2.0, 4.0] * 2, seconds=33.0)
    assert told.finish_s.tolist() == [11.0, 28.0]
    assert [made.time_s for made in run.recommendations] == [17.0]


def test_thinking_spends_the_budget():
    _, told = simulate(OneByOne(), [30.0, 0.0], seconds=35.0)
    assert len(told.id) == 0


def test_free_calls_are_the_simulated_clock():
    _, charged = simulate(OneByOne(), [], n_workers=3, trials=20)
    free = Simulation(OneByOne(), TenSeconds(), SPACE, budget=Budget(trials=20), n_workers=3).run()
    for ours, theirs in zip(charged, free, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("n_workers", [1, 2, 5])
def test_measured_seconds_repeat_the_run(n_workers):
    first, told = simulate(Recommending(), None, n_workers=n_workers, seconds=100.0)
    assert min(first.charges) > 0
    again, repeated = simulate(Recommending(), first.charges, n_workers=n_workers, seconds=100.0)
    for ours, theirs in zip(told, repeated, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert again.charges == first.charges
    assert [made.time_s for made in again.recommendations] == [made.time_s for made in first.recommendations]
