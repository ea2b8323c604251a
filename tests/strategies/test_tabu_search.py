"""The walk goes on past the peak and does not come back while its changes are tabu."""

import numpy as np
import pytest

from nasbench.errors import InvalidOption
from nasbench.strategies.model_free.tabu_search import TabuSearch
from nasbench.trials import Results


def test_it_leaves_the_peak_and_stays_away_for_as_long_as_the_tenure(cifar10, rng):
    """One peak, at four of each: without memory the walk would step to and fro between it and its best neighbour."""
    strategy, centres, asked = TabuSearch(cifar10.space, rng, n_start=3, tenure=7), [], []
    for _ in range(300):
        trials = strategy.ask(1)
        if strategy._present is not None:
            centres.append(strategy._present.tobytes())
        asked.append(trials.arch.tobytes())
        score = trials.arch[:, None].mean(axis=2) / 4
        strategy.tell(Results(trials.id, np.array([1]), score.reshape(1, 1), np.ones(1)))
    assert len(set(asked)) == len(asked), "trained twice"
    walk = [centre for centre, before in zip(centres, [b"", *centres], strict=False) if centre != before]
    at = walk.index(bytes([4] * 6))
    assert len(walk) > at + 7
    assert bytes([4] * 6) not in walk[at + 1 : at + 8]


def test_a_known_best_is_excused_from_the_list(cifar10, rng):
    strategy = TabuSearch(cifar10.space, rng)
    present, restored = np.zeros(6, dtype=np.int8), np.array([[1, 0, 0, 0, 0, 0]], dtype=np.int8)
    strategy._tabu.append([(0, 1)])
    assert strategy._find_forbidden(restored, present).tolist() == [True]
    strategy._scores[restored.tobytes()], strategy._best = 0.9, 0.8
    assert strategy._find_forbidden(restored, present).tolist() == [False]


def test_a_walk_without_memory_is_refused(cifar10, rng):
    with pytest.raises(InvalidOption, match="tenure=0"):
        TabuSearch(cifar10.space, rng, tenure=0)
