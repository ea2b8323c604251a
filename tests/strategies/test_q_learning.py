"""Q-learning on a chain solved by hand, and the published schedule."""

import copy
import pickle

import numpy as np
import pytest

from nasbench.strategies.reinforcement_learning.q_learning import QLearning


def test_one_walk_moves_q_backwards_from_its_end(cifar10, rng):
    """0.5 + 0.01 * (1 - 0.5) at the end; before it, towards the best of the next state, which is what just moved."""
    strategy = QLearning(cifar10.space, rng)
    strategy.learn(np.array([[0, 1, 2, 3, 4, 0]], dtype=np.int8), np.array([1.0]))
    assert strategy.q[5, 4, 0] == pytest.approx(0.505)
    assert strategy.q[4, 3, 4] == pytest.approx(0.5 + 0.01 * 0.005)
    assert strategy.q[3, 2, 3] == pytest.approx(0.5 + 0.01 * (0.01 * 0.005))
    assert (strategy.q != 0.5).sum() <= 6


def test_the_same_entry_met_twice_moves_two_steps(cifar10, rng):
    strategy = QLearning(cifar10.space, rng)
    strategy.learn(np.zeros((2, 6), dtype=np.int8), np.array([1.0, 1.0]))
    assert strategy.q[5, 0, 0] == pytest.approx(1 - 0.99**2 * 0.5)


def test_q_becomes_the_value_of_the_best_end(cifar10, rng):
    """The reward is the share of decisions that repeat the one before; from any state the best is to repeat it."""
    strategy = QLearning(cifar10.space, rng, learning_rate=0.3, first_q=1.0)
    rows = cifar10.space.rows
    rewards = (rows[:, 4] == rows[:, 5]).astype(float)
    for _ in range(40):
        strategy.learn(rows, rewards)
    assert np.allclose(strategy.q[5], np.eye(5), atol=1e-6)
    assert np.allclose(strategy.q[:5][np.isfinite(strategy.q[:5])].max(), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("n_asked", "epsilon"), [(0, 1.0), (1499, 1.0), (1500, 0.9), (1799, 0.7), (1800, 0.6), (2549, 0.2), (9000, 0.1)]
)
def test_epsilon_follows_the_published_schedule(cifar10, rng, n_asked, epsilon):
    """models/cifar10/state_space_parameters.py of bowenbaker/metaqnn."""
    strategy = QLearning(cifar10.space, rng)
    strategy._ledger.n_asked = n_asked
    assert strategy.epsilon == epsilon


def test_a_greedy_walk_takes_the_best_of_each_state(cifar10, rng):
    strategy = QLearning(cifar10.space, rng)
    path = [3, 1, 4, 1, 0, 2]
    for i, (before, choice) in enumerate(zip([0, *path], path, strict=False)):
        strategy.q[i, before, choice] = 0.6
    assert strategy._walk(0.0) == path


@pytest.mark.parametrize("again", [copy.deepcopy, lambda strategy: pickle.loads(pickle.dumps(strategy))])
def test_a_copy_learns_as_the_original_does(cifar10, again):
    """Views into Q come back as views: the copy's walks read what it learnt."""
    strategy = QLearning(cifar10.space, np.random.default_rng(0), learning_rate=0.5)
    copied = again(strategy)
    archs = cifar10.space.sample(50, np.random.default_rng(1))
    for one in (strategy, copied):
        one.learn(archs, cifar10.query(archs))
        one.learn(archs, cifar10.query(archs))
    assert (copied.q == strategy.q).all()
    assert all((level == own).all() for level, own in zip(copied._levels, copied.q, strict=True))
