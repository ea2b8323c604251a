"""Complete searches on nb201-cifar10: 200,000 simulated seconds, every trial recorded, one core."""

import floors
import numpy as np
import pytest

from nasbench import Budget, Simulation
from nasbench.choices import Choice
from nasbench.registry import STRATEGIES

N_RUNS = 100
SEARCHES = {
    "random_search": (floors.random_search, "random_search"),
    "regularized_evolution": (
        floors.regularized_evolution,
        "regularized_evolution,population_size=10,sample_size=3",
    ),
    "local_search": (floors.local_search, "local_search"),
    # These have no floor of their own: the ratio is to plain random search.
    **{
        label: (floors.random_search, label)
        for label in (
            "differential_evolution",
            "genetic_algorithm",
            "genetic_cnn",
            "large_scale_evolution@short",
            "mcts",
            "one_plus_lambda",
            "q_learning@short",
            "reinforce",
            "simulated_annealing",
            "tabu_search",
            "umda",
        )
    },
}


@pytest.fixture(scope="module")
def lists(cifar10):
    everything = cifar10.space.rows
    train_s = cifar10.table.static(np.arange(len(everything)), dataset="cifar10-valid", metric="train_s")
    return cifar10.query(everything).tolist(), train_s.tolist()


@pytest.mark.parametrize("name", SEARCHES)
def test_search_floor(benchmark, lists, name):
    benchmark.group = f"{N_RUNS} runs of {name}"
    benchmark(lambda: [SEARCHES[name][0](run, *lists, 2e5) for run in range(N_RUNS)])


@pytest.mark.parametrize("name", SEARCHES)
def test_search(benchmark, cifar10, name):
    benchmark.group = f"{N_RUNS} runs of {name}"
    component, options = Choice.parse(SEARCHES[name][1]).resolve(STRATEGIES)

    def search(run):
        own, noise = (np.random.default_rng([run, i]) for i in range(2))
        strategy = component(cifar10.space, own, **options)
        return Simulation(strategy, cifar10.backend(noise), cifar10.space, budget=Budget(seconds=2e5)).run()

    benchmark(lambda: [search(run) for run in range(N_RUNS)])
