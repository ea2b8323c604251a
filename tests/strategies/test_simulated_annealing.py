"""The Metropolis rule and the schedule against their closed forms."""

import numpy as np
import pytest

from nasbench.errors import InvalidOption
from nasbench.strategies.model_free.simulated_annealing import SimulatedAnnealing
from nasbench.trials import Results


def answer(strategy, n, scores):
    trials = strategy.ask(n)
    strategy.tell(Results(trials.id, np.full(n, 1), np.array(scores)[:, None], np.ones(n)))
    return trials.arch


@pytest.mark.parametrize("loss", [0.2, 1.0, 2.5])
def test_a_loss_is_accepted_with_the_chance_of_metropolis(cifar10, loss):
    """Starts of scores 0 and 2 deviate by 1, which is the first temperature."""
    n, moved = 1500, 0
    for run in range(n):
        strategy = SimulatedAnnealing(cifar10.space, np.random.default_rng(run), n_start=2)
        start = answer(strategy, 2, [0.0, 2.0])[1]
        worse = answer(strategy, 1, [2.0 - loss])[0]
        # 24 steps from either: the first differs from both in one decision only by changing the same one again.
        around = strategy.ask(40).arch
        moved += (around != worse).sum(axis=1).max() == 1
        assert (around != start).sum(axis=1).max() == 1 or (around != worse).sum(axis=1).max() == 1
    expected = np.exp(-loss)
    assert abs(moved / n - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


def test_cold_it_accepts_nothing_worse_and_then_it_is_heated(cifar10, rng):
    """0.5 ** 6 is above a hundredth, 0.5 ** 7 below: after seven trainings it is as hot as at first."""
    strategy = SimulatedAnnealing(cifar10.space, rng, n_start=2, cooling=0.5)
    start = answer(strategy, 2, [0.0, 2.0])[1]
    for _ in range(6):
        answer(strategy, 1, [-40.0])
    assert ((strategy.ask(20).arch != start).sum(axis=1) == 1).all()
    assert strategy._temperature == 0.5**6
    answer(strategy, 1, [-400.0])
    assert strategy._temperature == 1.0


@pytest.mark.parametrize("cooling", [0.0, 1.0, float("nan")])
def test_a_schedule_that_does_not_cool_is_refused(cifar10, rng, cooling):
    with pytest.raises(InvalidOption, match="above 0, below 1"):
        SimulatedAnnealing(cifar10.space, rng, cooling=cooling)
