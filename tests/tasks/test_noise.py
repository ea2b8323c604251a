"""What a task says of its own noise."""

import numpy as np
import pytest

import nasbench
from nasbench.registry import with_observation_noise
from nasbench.strategies.model_based.auto import Auto
from nasbench.strategies.model_free.random_search import RandomSearch
from nasbench.tasks.noise import average_among_best, estimate_observation_noise


def test_it_is_found_where_it_is_known():
    rng = np.random.default_rng(0)
    good = rng.uniform(size=20_000) < 0.2
    mean = np.where(good, rng.uniform(0.85, 0.9, size=len(good)), rng.uniform(0.3, 0.6, size=len(good)))
    std = np.where(good, 0.01, 0.05)  # bad architectures are noisier
    n_seeds = rng.integers(2, 5, size=len(mean)).astype(np.uint16)
    scores = mean[:, None] + std[:, None] * rng.normal(size=(len(mean), 4))
    scores[np.arange(4) >= n_seeds[:, None]] = np.nan
    of_means = np.mean([1 - 1 / 2, 1 - 1 / 3, 1 - 1 / 4])  # the mean leans towards each of those it is taken of
    assert estimate_observation_noise(scores, n_seeds) == pytest.approx(0.01 * of_means**0.5, rel=0.05)


def test_what_may_not_be_shown_counts_for_nothing():
    scores = np.array([[0.9, 0.9, 0.1], [0.8, 0.8, 0.0]])
    assert estimate_observation_noise(scores, np.array([2, 2], dtype=np.uint16)) == 0.0


@pytest.mark.parametrize(
    "scores",
    [np.empty((0, 3)), np.array([[0.5], [0.7], [0.6]]), np.array([[0.5, 0.6], [0.7, np.nan], [0.6, np.nan]])],
    ids=["nothing", "trained once", "most trained once"],
)
def test_where_nothing_was_repeated_there_is_nothing_to_smooth(scores):
    assert estimate_observation_noise(scores, (~np.isnan(scores)).sum(axis=1).astype(np.uint16)) == 0.0


def test_repetitions_that_crashed_are_left_out():
    scores = np.array([[0.5, 0.6, np.nan], [np.nan, np.nan, np.nan]])
    assert estimate_observation_noise(scores, np.array([3, 3], dtype=np.uint16)) == pytest.approx(0.05)


def test_the_best_tenth_counts():
    score, std = np.arange(20.0), np.full(20, 5.0)
    std[-2:] = 1.0, 7.0
    assert average_among_best(score, std) == pytest.approx(5.0)


@pytest.mark.parametrize("name", ["nb201-cifar10", "nb201-cifar100", "nb201-imagenet16"])
def test_a_table_with_seeds_says_their_spread(name):
    """From the three columns of seeds, in plain numpy: the spread around the reported mean, of the best tenth."""
    task = nasbench.load_task(name)
    seeds = np.stack([task.query(task.space.rows, seed=seed) for seed in range(3)], axis=1)
    reported = task.query(task.space.rows)
    best = np.argsort(-reported)[: round(0.1 * len(seeds))]
    squares = np.nanmean((seeds[best] - reported[best, None]) ** 2, axis=1)
    assert task.observation_noise == pytest.approx(squares.mean() ** 0.5, rel=1e-3)


@pytest.mark.parametrize("name", ["nbgraph-cora", "nbgraph-proteins", "curves201-mnist1d"])
def test_means_and_single_trainings_have_none(name):
    assert nasbench.load_task(name).observation_noise == 0.0


def test_a_strategy_that_asks_is_told_unless_somebody_says_otherwise():
    assert with_observation_noise(Auto, {"kappa": 1}, lambda: 0.01) == {"kappa": 1, "observation_noise": 0.01}
    assert with_observation_noise(Auto, {"observation_noise": 0.0}, lambda: 0.01) == {"observation_noise": 0.0}
    assert with_observation_noise(RandomSearch, {}, lambda: 0.01) == {}
