"""DEHB: what it asks, bracket by bracket, and that its populations hold the best of what was trained at their epoch."""

import numpy as np
from landscapes import SPACE, Curves

from nasbench import Budget, Simulation
from nasbench.strategies._unit_cube import cross_over, encode, make_mutants
from nasbench.strategies.multi_fidelity.dehb import DEHB


def search(trials, seed=0, **landscape):
    strategy = DEHB(SPACE, np.random.default_rng(seed), epochs=tuple(range(1, 10)))
    return strategy, Simulation(strategy, Curves(9, **landscape), SPACE, budget=Budget(trials=trials)).run()


def test_the_first_brackets_promote_and_the_others_evolve():
    """Brackets of 9, 3, 1; 3, 1; 3 at the epochs 1, 3, 9: hpbandster's sizes."""
    _, history = search(40)
    assert history.epoch.tolist() == 2 * ([1] * 9 + [3] * 3 + [9] + [3] * 3 + [9] + [9] * 3)
    best = np.argsort(-history.score[:9, 0], kind="stable")
    assert history.id[9:12].tolist() == history.id[:9][best[:3]].tolist()
    assert history.id[20:].tolist() == list(range(15, 35)), "from the second round on all trainings are new"


def test_a_population_holds_trials_at_least_as_good_as_their_targets(rng):
    """Each place's fitness only rises, and is the score at that epoch of the architecture its vector means."""
    strategy, history = search(300)
    backend = Curves(9)
    for epoch, population in strategy._populations.items():
        archs = SPACE.place(population.vectors)
        trained = np.isfinite(population.fitness)
        assert trained.any()
        scores = backend.score(archs, np.full(len(archs), epoch))
        np.testing.assert_allclose(population.fitness[trained], scores[trained])
        assert population.fitness.max() == history.score[history.epoch == epoch].max()


def test_mutants_of_a_higher_rung_are_made_of_the_best_below():
    """Without crossover all that is drawn there differs from the best below by differences of theirs."""
    strategy = DEHB(SPACE, np.random.default_rng(0), epochs=(1, 3), mutation_factor=0.0, crossover=1.0)
    history = Simulation(strategy, Curves(3), SPACE, budget=Budget(trials=7 * 20)).run()
    # brackets 3, 1; 2 (hpbandster: floor(2 / 1) = 2 complete ones) at the epochs 1, 3
    assert history.epoch[:6].tolist() == [1, 1, 1, 3, 3, 3]
    below = {arch.tobytes() for arch in history.arch[history.epoch == 1]}
    later = np.flatnonzero(history.epoch == 3)[3:]
    assert any(history.arch[i].tobytes() in below for i in later)


def test_vectors_mean_the_choice_whose_bin_they_lie_in(rng):
    archs = SPACE.sample(1000, rng)
    vectors = encode(archs, SPACE, rng)
    assert (SPACE.place(vectors) == archs).all()
    assert SPACE.place(np.ones((1, 6))).max() == 4
    abc = rng.random((1000, 3, 6))
    made = make_mutants(abc, 0.5, rng)
    exact = abc[:, 0] + 0.5 * (abc[:, 1] - abc[:, 2])
    inside = (exact >= 0) & (exact < 1)
    assert (made[inside] == exact[inside]).all()
    assert ((made >= 0) & (made < 1)).all()
    taken = cross_over(made, vectors, 0.0, rng) != vectors
    assert (taken.sum(axis=1) == 1).all(), "one coordinate is the mutant's, whatever the chance"
    assert (cross_over(made, vectors, 1.0, rng) == made).all()
