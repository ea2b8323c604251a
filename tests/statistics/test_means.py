"""Means of shared runs and over tasks: against closed forms and scipy, and their intervals cover."""

import numpy as np
import pytest
from scipy import stats

from nasbench.statistics.intervals import N_RESAMPLES
from nasbench.statistics.means import (
    compute_overall_mean,
    resample_means,
    select_defined_runs,
)
from nasbench.statistics.ranking import average_ranks, rank, resample_average_ranks
from nasbench.statistics.sampling import TaskSample

ANY = (-np.inf, np.inf)


def test_a_run_that_is_undefined_for_one_contestant_is_left_out_for_all():
    values = np.array([[0.1, np.nan, 0.3, 0.4], [0.5, 0.6, 0.7, np.nan]])
    np.testing.assert_array_equal(select_defined_runs(values), [[0.1, 0.3], [0.5, 0.7]])


def test_resamples_of_means_vary_as_means_of_runs_do_and_keep_their_correlation(rng):
    """The variance of a mean of n runs is s^2 / n, with n - 1 in s^2: a plain bootstrap has n instead."""
    shared = rng.standard_normal((1, 4))
    values = 3 + shared + 0.1 * rng.standard_normal((2, 4))
    drawn = resample_means(values, rng)
    assert drawn.shape == (2, N_RESAMPLES)
    np.testing.assert_allclose(drawn.mean(axis=1), values.mean(axis=1), atol=0.1)
    np.testing.assert_allclose(drawn.var(axis=1), values.var(axis=1, ddof=1) / 4, rtol=0.15)
    np.testing.assert_allclose((drawn[0] - drawn[1]).var(), (values[0] - values[1]).var(ddof=1) / 4, rtol=0.15)
    assert np.isnan(resample_means(values[:, :1], rng)).all()


def test_contestants_that_are_equal_tie_in_every_resample(rng):
    drawn = resample_means(np.repeat(rng.random((1, 7)), 5, axis=0), rng)
    assert (drawn == drawn[0]).all()


def test_the_mean_over_independent_tasks_has_student_s_interval(rng):
    values = rng.normal(0.5, 0.1, (9, 2))
    mean, low, high = compute_overall_mean(values, TaskSample.of("abcdefghi"), ANY)
    expected = stats.t.interval(0.95, 8, values.mean(axis=0), stats.sem(values, axis=0))
    np.testing.assert_allclose([mean, low, high], [values.mean(axis=0), *expected])


def test_families_weigh_alike_in_the_mean_over_tasks():
    values = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.0])[:, None]
    mean, low, high = compute_overall_mean(values, TaskSample.of("aaaaab"), (0.0, 1.0))
    assert mean == pytest.approx(0.5)
    assert (low, high) == (0.0, 1.0), "clipped to the possible range"


def test_nothing_is_said_over_five_tasks():
    mean, low, high = compute_overall_mean(np.ones((5, 1)), TaskSample.of("abcde"), ANY)
    assert mean == 1
    assert np.isnan([low, high]).all()
    assert np.isnan(compute_overall_mean(np.empty((0, 2)), TaskSample.of(""), ANY)).all()


def test_a_number_that_is_the_same_on_all_tasks_has_no_interval():
    """Its error is unknown: it was printed as tau 0.000 [0.000, 0.000]."""
    values = np.column_stack([np.zeros(6), np.arange(6.0)])
    _, low, high = compute_overall_mean(values, TaskSample.of("abcdef"), ANY)
    assert np.isnan([low, high]).tolist() == [[True, False], [True, False]]


def test_the_interval_of_one_who_is_always_last_is_no_point(rng):
    """Ranks 2 on all six tasks are seen in 1 of 40 samples where 46 % of all tasks have another rank: .54^6 = .025."""
    values = np.tile([0.5, 0.1], (6, 1))
    drawn = np.repeat(values[:, :, None], N_RESAMPLES, axis=2)
    low, high = resample_average_ranks(np.array([1.0, 2.0]), drawn, TaskSample.of("abcdef"), "maximize", rng)
    np.testing.assert_allclose(low, [1.0, 2 - 0.4593], atol=1e-4)
    np.testing.assert_allclose(high, [1 + 0.4593, 2.0], atol=1e-4)


@pytest.mark.parametrize(("families", "effect", "runs"), [("aabbbb", 0.03, 3), ("aaabbbbbbbbb", 0.03, 5)])
def test_intervals_over_tasks_cover(families, effect, runs):
    """Average rank and mean over endless tasks and runs, also of contestants that are clearly apart from the others."""
    rng, sample = np.random.default_rng(7), TaskSample.of(families)
    levels = np.array([0.5, 0.5, 0.48, 0.45, 0.3])
    n, n_sets = len(levels), 150
    true_rank = rank(levels + effect * rng.standard_normal((20_000, n)), "maximize").mean(axis=0)
    held_rank, held_mean = np.zeros((2, n_sets, n), dtype=bool)
    for k in range(n_sets):
        level = levels[:, None] + effect * rng.standard_normal((sample.n_tasks, n, 1))
        values = level + 0.03 * rng.standard_normal((sample.n_tasks, n, runs))
        means = values.mean(axis=2)
        drawn = np.stack([resample_means(own, rng) for own in values])
        low, high = resample_average_ranks(average_ranks(means, sample, "maximize"), drawn, sample, "maximize", rng)
        held_rank[k] = (low <= true_rank) & (true_rank <= high)
        _, low, high = compute_overall_mean(means, sample, ANY)
        held_mean[k] = (low <= levels) & (levels <= high)
    # three standard errors of 150 data sets: .053 for one contestant, about .03 for the mean of the five
    for held in (held_rank, held_mean):
        assert held.mean() > 0.93 - 0.03
        assert held.mean(axis=0).min() > 0.93 - 0.053
