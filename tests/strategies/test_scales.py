"""Scores of any size and sign: a loss, a latency, a throughput."""

import numpy as np
import pytest

from nasbench import Budget, Simulation
from nasbench.choices import Choice
from nasbench.registry import STRATEGIES
from nasbench.spaces.nb201 import NASBench201
from nasbench.strategies.reinforcement_learning._rewards import Rewards
from nasbench.surrogates._targets import find_target
from nasbench.trials import Results

SPACE = NASBench201()
MONOTONE = {
    "loss": lambda score: 3 * (score - 1.05),
    "throughput": lambda score: 1e5 + 1e4 * score,
    "seconds": lambda score: 1e-6 * (score - 2),
}


class Answers:
    """A backend whose scores are sums over the decisions, between 0 and 1, in another unit."""

    def __init__(self, unit):
        self._unit = unit

    def advance(self, trials):
        n = len(trials.id)
        score = (trials.arch @ np.array([1.0, 2.0, 3.0, 5.0, 8.0, 13.0])) / 128
        return Results(trials.id, np.ones(n, dtype=np.int64), self._unit(score)[:, None], np.ones(n))


def searched(label, unit):
    component, options = Choice.parse(label).resolve(STRATEGIES)
    strategy = component(SPACE, np.random.default_rng(3), **options)
    return Simulation(strategy, Answers(unit), SPACE, budget=Budget(trials=60)).run().arch


@pytest.mark.parametrize("label", ["q_learning,shorter=100", "mcts", "lanas", "nas_rl", "ppo", "nevergrad"])
def test_settings_in_units_of_an_accuracy_serve_every_unit(label):
    """Three monotone maps of the same scores are the same problem: searches that once read them as accuracies agree."""
    if extra := STRATEGIES.missing_extra(Choice.parse(label).name):
        pytest.skip(f"the extra '{extra}' is not installed")
    first, *others = (searched(label, unit) for unit in MONOTONE.values())
    assert all((first == other).all() for other in others)


def test_fractions_are_rewards_as_they_are_and_others_their_rank():
    fractions, losses = Rewards(), Rewards()
    assert [fractions(score) for score in (0.3, 1.0, 0.0)] == [0.3, 1.0, 0.0]
    # alone; below one; above two; equal to the best of three
    assert [losses(score) for score in (-2.0, -5.0, -1.0, -1.0)] == [1 / 2, 1 / 4, 5 / 6, 3 / 4]


def test_the_logarithm_of_an_error_is_defined_beyond_1():
    """The first guess of NAS-BOWL; of a throughput, the error is what it lacks to a little above the best."""
    scores = np.array([1200.0, 1500.0, 900.0, 1499.0])
    target = find_target("log_error")(scores)
    learnt = target.forward(scores)
    assert (np.argsort(learnt) == np.argsort(scores)).all()
    assert target.backward(learnt) == pytest.approx(scores)
    assert learnt.mean() == pytest.approx(0, abs=1e-9)
