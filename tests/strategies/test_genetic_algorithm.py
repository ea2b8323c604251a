"""Children have their decisions from the population, and the best of it never leaves."""

import numpy as np

from nasbench.registry import SPACES
from nasbench.strategies.model_free.genetic_algorithm import GeneticAlgorithm
from nasbench.trials import Results


def test_without_mutation_every_decision_comes_from_a_parent(rng):
    space = SPACES.load("darts")()  # so large that no child was trained before
    strategy = GeneticAlgorithm(space, rng, population_size=6, crossover=1.0, mutation=0.0)
    parents, children = next_generation(strategy, np.arange(6.0))
    foreign = (children[:, None] != parents).all(axis=1).sum(axis=1)
    assert foreign.max() <= 2  # a child of equal parents was trained before, and has one edit
    assert (foreign == 0).sum() >= 3
    assert (children[:, None] != parents).sum(axis=2).min(axis=1).max() > 4, "nothing was crossed"


def test_the_best_is_kept_for_good(rng):
    """Scores fall: with neither crossover nor mutation, all later children would lose against the first best."""
    space = SPACES.load("darts")()
    strategy = GeneticAlgorithm(space, rng, population_size=8, crossover=0.0, mutation=1.0)
    first, children = next_generation(strategy, np.append(np.zeros(7), 1.0))
    for generation in range(1, 12):
        _, children = next_generation(strategy, np.full(8, -float(generation)), children)
    # One or two edits, each of which changes at most two decisions, away from the best.
    assert (children != first[-1]).sum(axis=1).min() <= 4


def next_generation(strategy, scores, archs=None):
    """Answer a generation and return it with the next."""
    n = len(scores)
    if archs is None:
        archs = strategy.ask(n).arch
        next_generation.first = 0
    ids = np.arange(next_generation.first, next_generation.first + n)
    next_generation.first += n
    strategy.tell(Results(ids, np.full(n, 1), np.asarray(scores, dtype=float)[:, None], np.ones(n)))
    return archs, strategy.ask(n).arch
