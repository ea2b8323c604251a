"""Successive halving at scale: decisions among 10,000 live trials, and a search of 10,000 trials on 64 workers."""

import heapq
import random
from bisect import bisect_left, insort

import numpy as np
import pytest

from nasbench import Budget, Simulation
from nasbench.registry import SPACES, STRATEGIES
from nasbench.strategies.multi_fidelity._rungs import Rung
from nasbench.trials import Results

SPACE = SPACES.load("nb201")()
EPOCHS = tuple(range(1, 101))
N_TRIALS = 10_000


class Curves:
    """A backend that answers by a formula, as fast as arrays allow, so that the search dominates the measurement."""

    def __init__(self):
        self.end, self.cost = np.random.default_rng(0).random((2, len(SPACE.rows)))
        self.reached = {}

    def advance(self, trials):
        rows, ids, epochs = SPACE.index(trials.arch), trials.id.tolist(), trials.epoch.tolist()
        new = [epoch - self.reached.get(trial, 0) for trial, epoch in zip(ids, epochs, strict=True)]
        self.reached.update(zip(ids, epochs, strict=True))
        score = self.end.take(rows) * (1 - 0.5 ** (1 + trials.epoch / 20))
        return Results(trials.id, trials.epoch, score[:, None], (0.5 + self.cost.take(rows)) * np.array(new))


def plain_rung(scores):
    """Make decisions with only a sorted list, a heap and two bisections: the floor."""
    ranked, waiting, promoted = [], [], 0
    for trial, score in enumerate(scores):
        insort(ranked, (-score, trial))
        heapq.heappush(waiting, (-score, trial))
        if bisect_left(ranked, waiting[0]) < len(ranked) // 3:
            heapq.heappop(waiting)
            promoted += 1
    return promoted


@pytest.fixture(scope="module")
def scores():
    draw = random.Random(0).random
    return [draw() for _ in range(N_TRIALS)]


def test_decisions_floor(benchmark, scores):
    benchmark.group = f"{N_TRIALS:,} rung decisions"
    benchmark(plain_rung, scores)


def test_decisions(benchmark, scores):
    benchmark.group = f"{N_TRIALS:,} rung decisions"

    def decide():
        rung, promoted = Rung(), 0
        for trial, score in enumerate(scores):
            rung.add(trial, score)
            promoted += rung.promote(3) is not None
        return promoted

    assert benchmark(decide) == plain_rung(scores)


@pytest.mark.parametrize("name", ["asha", "async_hyperband", "hyperband", "pasha"])
def test_search(benchmark, name):
    """10,000 trials of up to 100 epochs on 64 workers."""
    benchmark.group = f"{N_TRIALS:,} trials of 100 epochs on 64 workers"

    def search():
        backend = Curves()
        strategy = STRATEGIES.load(name)(SPACE, np.random.default_rng(0), epochs=EPOCHS)
        for _ in Simulation(strategy, backend, SPACE, budget=Budget(trials=10 * N_TRIALS), n_workers=64):
            if len(backend.reached) >= N_TRIALS:
                return

    benchmark.pedantic(search, rounds=3)
