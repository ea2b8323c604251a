"""The roulette and the mutation of Genetic CNN against their closed forms."""

import numpy as np
from scipy import stats

from nasbench.strategies.model_free.genetic_cnn import GeneticCNN
from nasbench.trials import Results


def next_generation(strategy, n, score):
    """Answer the first generation with ``score(archs)`` and return it with the second."""
    trials = strategy.ask(n)
    strategy.tell(Results(trials.id, np.full(n, 1), score(trials.arch)[:, None], np.ones(n)))
    return trials.arch, strategy.ask(n).arch


def test_chances_are_fitness_minus_the_lowest(cifar10, rng):
    n = 4000
    strategy = GeneticCNN(cifar10.space, rng, population_size=n, mutation=0.0, crossover=0.0)
    first, second = next_generation(strategy, n, lambda archs: 0.3 + 0.1 * archs[:, 0])
    expected = np.bincount(first[:, 0], minlength=5) * np.arange(5)
    seen = np.bincount(second[:, 0], minlength=5)
    assert seen[0] == 0
    assert stats.chisquare(seen[1:], n * expected[1:] / expected.sum()).pvalue > 0.001


def test_a_decision_changes_when_one_of_its_bits_would(cifar10, rng):
    """Five choices are three bits: 1 - 0.95 ** 3 = 0.143 of the decisions of those that mutate."""
    n = 2000
    strategy = GeneticCNN(cifar10.space, rng, population_size=n, mutation=0.8, crossover=0.0)
    first, second = next_generation(strategy, n, lambda archs: (np.arange(n) == 7).astype(float))
    share = (second != first[7]).mean()
    expected = 0.8 * (1 - 0.95**3)
    assert abs(share - expected) < 4 * np.sqrt(expected / (6 * n))


def test_pairs_exchange_decisions_and_lose_none(cifar10, rng):
    n = 500
    strategy = GeneticCNN(cifar10.space, rng, population_size=n, mutation=0.0, crossover=1.0, stage_crossover=0.2)
    one_kind = np.arange(n) < 2
    first, second = next_generation(strategy, n, lambda archs: one_kind.astype(float))
    pairs = np.sort(second.reshape(-1, 2, 6), axis=1)
    same, mixed = (first[[0, 0]], first[[1, 1]]), np.sort(first[:2], axis=0)
    assert all((pair == mixed).all() or any((pair == two).all() for two in same) for pair in pairs)
    assert len(np.unique(second, axis=0)) > 2
