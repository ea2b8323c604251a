"""Draws take one uniform number for each result, so that all runs of a strategy may be advanced together."""

import numpy as np
import pytest

import nasbench
from nasbench import Budget, Simulation
from nasbench.choices import Choice
from nasbench.draws import draw_integers, draw_normals, draw_permutation
from nasbench.registry import STRATEGIES

RUNS, N = 50, 300


def generators():
    return [np.random.default_rng([run, 7]) for run in range(RUNS)]


@pytest.mark.parametrize(
    ("draw", "together"),
    [
        (lambda rng: draw_integers(rng, 5, (3, 4)), lambda u: (u * 5).astype(np.int64).reshape(-1, 3, 4)),
        (lambda rng: draw_permutation(rng, 12), lambda u: u.argsort(axis=1, kind="stable")),
    ],
)
def test_runs_drawn_together_have_the_same_bits_as_run_by_run(draw, together):
    """The numbers of all runs are a matrix, a row from each run's generator; twelve are taken for a draw."""
    numbers = np.stack([rng.random(N) for rng in generators()])
    alone = generators()
    for at in range(0, N, 12):
        np.testing.assert_array_equal(np.stack([draw(rng) for rng in alone]), together(numbers[:, at : at + 12]))


def test_draws_are_uniform(rng):
    counts = np.bincount(draw_integers(rng, 7, 70_000), minlength=7)
    assert len(counts) == 7
    assert abs(counts - 10_000).max() < 500  # five standard deviations
    orders = np.stack([draw_permutation(rng, 4) for _ in range(12_000)])
    assert (np.sort(orders, axis=1) == np.arange(4)).all()
    assert abs(np.unique(orders, axis=0, return_counts=True)[1] - 500).max() < 110
    normals = draw_normals(rng, 100_000)
    assert abs(normals.mean()) < 0.016
    assert abs(normals.std() - 1) < 0.012


class UniformOnly(np.random.Generator):
    """A generator whose draws that reject numbers are out of reach."""

    def _refuse(self, *args, **kwargs):
        raise AssertionError("a draw that rejects numbers")

    integers = permutation = shuffle = permuted = standard_normal = normal = exponential = _refuse


# Model-free strategies and schedulers: those whose runs are worth advancing together.
LABELS = (
    "random_search", "regularized_evolution", "regularized_evolution@nb201", "local_search", "genetic_algorithm",
    "differential_evolution", "umda", "simulated_annealing", "tabu_search", "one_plus_lambda", "genetic_cnn",
    "reinforce", "q_learning", "successive_halving", "hyperband", "asha",
)  # fmt: skip


@pytest.mark.parametrize("label", LABELS)
def test_model_free_strategies_draw_uniform_numbers_only(label):
    task = nasbench.load_task("curves201-mnist1d")
    component, options = Choice.parse(label).resolve(STRATEGIES)
    if "epochs" in getattr(component, "__dataclass_fields__", {}):
        options = {**options, "epochs": task.epochs}
    own = UniformOnly(np.random.PCG64(3))
    backend = task.backend(np.random.default_rng(4))
    history = Simulation(component(task.space, own, **options), backend, task.space, budget=Budget(trials=150)).run()
    assert len(history.id) == 150
