"""rand/1/bin: three others, a mutant, and the better of trial and target."""

import numpy as np

from nasbench.strategies.model_free.differential_evolution import DifferentialEvolution
from nasbench.trials import Results


def tell(strategy, trials, scores):
    n = len(trials.id)
    strategy.tell(Results(trials.id, np.full(n, 1), np.asarray(scores, dtype=float)[:, None], np.ones(n)))


def test_without_difference_the_mutant_is_another_member(cifar10, rng):
    strategy = DifferentialEvolution(cifar10.space, rng, population_size=8, mutation_factor=0.0, crossover=1.0)
    trials = strategy.ask(8)
    tell(strategy, trials, np.zeros(8))
    children = strategy.ask(8).arch
    for i, child in enumerate(children):
        others = np.delete(trials.arch, i, axis=0)
        assert (child == others).all(axis=1).any()


def test_without_crossover_one_decision_is_the_mutants(cifar10, rng):
    """Binomial crossover takes at least one coordinate of the mutant."""
    strategy = DifferentialEvolution(cifar10.space, rng, population_size=200, crossover=0.0)
    trials = strategy.ask(200)
    tell(strategy, trials, np.zeros(200))
    changed = (strategy.ask(200).arch != trials.arch).sum(axis=1)
    assert changed.max() == 1
    assert changed.mean() > 0.5


def test_a_worse_trial_never_replaces_its_target(cifar10, rng):
    strategy = DifferentialEvolution(cifar10.space, rng, population_size=6, crossover=0.0)
    first = strategy.ask(6)
    tell(strategy, first, np.ones(6))
    for _ in range(20):
        trials = strategy.ask(6)
        assert ((trials.arch != first.arch).sum(axis=1) <= 1).all()
        tell(strategy, trials, np.zeros(6))


def test_decoding_inverts_encoding(cifar10, rng):
    strategy = DifferentialEvolution(cifar10.space, rng)
    rows = cifar10.space.rows
    assert (strategy._decode(strategy._encode(rows)) == rows).all()
