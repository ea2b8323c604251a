"""UCT: every child once, then the best bound; closed leaves are left alone."""

import numpy as np

from nasbench.registry import SPACES
from nasbench.strategies.reinforcement_learning.mcts import MCTS
from nasbench.trials import Results


def search(strategy, score, n):
    asked = []
    for _ in range(n):
        trials = strategy.ask(1)
        asked.append(trials.arch[0])
        strategy.tell(Results(trials.id, np.array([1]), np.array([[score(trials.arch[0])]]), np.ones(1)))
    return np.array(asked)


def test_every_child_of_the_root_is_tried_before_any_twice(cifar10, rng):
    asked = search(MCTS(cifar10.space, rng), lambda arch: 0.5, 5)
    assert sorted(asked[:, 0]) == [0, 1, 2, 3, 4]


def test_the_bound_decides_as_computed_by_hand(cifar10, rng):
    """Means 1 and 0, c = 0.5: after 7 visits, 3 of the best: 1 + sqrt(2 ln 7 / 3) = 2.14, others sqrt(2 ln 7)."""
    strategy = MCTS(cifar10.space, rng, exploration=0.5)
    asked = search(strategy, lambda arch: float(arch[0] == 3), 8)
    assert asked[5:, 0].tolist() == [3, 3, 3]
    assert strategy._root.children[3].visits == 4
    # 8 visits, 4 of them of the best: 1 + sqrt(2 ln 8 / 4) = 2.02 against sqrt(2 ln 8) = 2.04.
    assert search(strategy, lambda arch: float(arch[0] == 3), 1)[0, 0] != 3


def test_greedy_it_climbs_down_to_the_best_and_trains_no_leaf_twice(rng):
    space = SPACES.load("tnb101_micro")()
    target = np.array([1, 3, 0, 2, 2, 1])
    asked = search(MCTS(space, rng, exploration=0.02), lambda arch: np.cumprod(arch == target).sum() / 6, 120)
    assert (asked == target).all(axis=1).sum() >= 1


def test_running_trials_spread_over_the_children(cifar10, rng):
    trials = MCTS(cifar10.space, rng).ask(10)
    assert np.bincount(trials.arch[:, 0], minlength=5).tolist() == [2] * 5
