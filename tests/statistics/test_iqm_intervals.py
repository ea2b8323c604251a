"""Interquartile means and their intervals against rliable, scipy, closed forms, and values by hand."""

import numpy as np
import pytest
from rliable import library, metrics
from scipy import stats

from nasbench.statistics.intervals import (
    LEAST_RUNS,
    N_RESAMPLES,
    compute_iqm,
    compute_iqm_intervals,
    compute_mean_band,
    compute_overall_iqm,
    expand_levels,
    resample_iqm,
)
from nasbench.statistics.sampling import TaskSample

TWELVE = TaskSample.of(["one family"] * 12)
UNIT = (0.0, 1.0)


def none_failed(values):
    return np.zeros(values.shape, dtype=bool)


def bootstrap(scores, size=0.95, **options):
    """The interquartile mean of scores [runs, tasks] and its percentile interval, by rliable."""
    np.random.seed(7)  # noqa: NPY002  (rliable draws from the global generator)
    point, interval = library.get_interval_estimates(
        {"scores": scores},
        lambda x: np.array([metrics.aggregate_iqm(x)]),
        reps=2000,
        confidence_interval_size=size,
        **options,
    )
    return point["scores"][0], interval["scores"][:, 0]


@pytest.mark.parametrize("n", [4, 10, 11, 30, 101])
def test_the_interquartile_mean_is_scipys_and_rliables(rng, n):
    values = rng.gamma(1, size=(3, 2, n))
    np.testing.assert_allclose(compute_iqm(values), stats.trim_mean(values, 0.25, axis=-1))
    assert compute_iqm(values)[1, 0] == pytest.approx(metrics.aggregate_iqm(values[1, 0][:, None]))


def test_the_order_of_runs_changes_no_bit(rng):
    values = rng.gamma(1, size=37)
    assert len({float(compute_iqm(rng.permutation(values))) for _ in range(50)}) == 1


def test_plain_percentiles_of_our_resamples_are_rliables(rng):
    values = rng.gamma(1, size=30)
    _, expected = bootstrap(values[:, None])
    drawn = resample_iqm(values[None], none_failed(values[None]))[0]
    ours = np.quantile(drawn, [0.025, 0.975])
    # the standard error of such a percentile of 1,000 normal numbers is .085 standard deviations
    assert np.abs(ours - expected).max() < 4 * 0.085 * drawn.std()


@pytest.mark.parametrize("n", [10, 30])
def test_resamples_have_the_moments_of_the_bootstrap(rng, n):
    """Of 3 runs nothing is trimmed: the variance of a bootstrap mean is that of the runs, divided by their number."""
    few = rng.gamma(1, size=(1, 3))
    assert resample_iqm(few, none_failed(few)).var() == pytest.approx(few.var() / 3, rel=4 * np.sqrt(2 / N_RESAMPLES))
    # with all runs failed, none is trimmed either
    values = rng.gamma(1, size=(1, n))
    drawn = resample_iqm(values, ~none_failed(values))
    assert drawn.mean() == pytest.approx(values.mean(), abs=4 * drawn.std() / np.sqrt(N_RESAMPLES))
    assert drawn.var() == pytest.approx(values.var() / n, rel=4 * np.sqrt(2 / N_RESAMPLES))


def test_percentiles_are_expanded_to_the_width_of_student_s_t():
    """What Hesterberg 2015 (arXiv 1411.5279) asks for, for a statistic whose bootstrap is normal."""
    for n in (10, 20, 40, 1000):
        low, high = expand_levels(n)
        assert low == pytest.approx(1 - high)
        # a normal bootstrap has the standard deviation s sqrt((n - 1) / n) / sqrt(n)
        half = stats.norm.ppf(high) * np.sqrt((n - 1) / n)
        assert half == pytest.approx(stats.t.ppf(0.975, n - 1))
    assert expand_levels(10)[0] < expand_levels(20)[0] < expand_levels(1000)[0] < 0.025


def test_failed_runs_are_never_trimmed():
    """By hand: of 8 runs 2 failed, with value 1; the middle of the 6 others is (.2 + .3 + .4 + .5) / 4."""
    values = np.array([0.1, 1.0, 0.2, 0.3, 0.4, 0.5, 1.0, 0.6])
    failed = values == 1.0
    assert compute_iqm(values, failed) == pytest.approx(0.75 * 0.35 + 0.25 * 1.0)
    assert compute_iqm(values) == pytest.approx(np.mean([0.3, 0.4, 0.5, 0.6]))


def test_the_share_of_failed_runs_counts(rng):
    values = rng.uniform(0, 0.01, size=40)
    means = []
    for n_failed in range(41):
        failed = np.arange(40) < n_failed
        means.append(float(compute_iqm(np.where(failed, 1.0, values), failed)))
    np.testing.assert_allclose(means, np.arange(41) / 40, atol=0.01)


def test_resamples_of_failing_runs_keep_their_share(rng):
    failed = np.arange(30)[None] < 6
    values = np.where(failed, 1.0, 0.0)
    drawn = resample_iqm(values, failed)[0]
    assert drawn.mean() == pytest.approx(0.2, abs=4 * np.sqrt(0.2 * 0.8 / 30 / N_RESAMPLES))
    assert drawn.var() == pytest.approx(0.2 * 0.8 / 30, rel=4 * np.sqrt(2 / N_RESAMPLES))


def test_runs_that_failed_elsewhere_change_no_other_row(rng):
    values, failed = rng.gamma(1, size=(2, 20)), np.zeros((2, 20), dtype=bool)
    alone = compute_iqm(values[:1], failed[:1])
    failed[1, :3] = True
    assert compute_iqm(values, failed)[0] == pytest.approx(alone[0], rel=1e-12)


def test_below_ten_runs_there_is_no_interval(rng):
    values = rng.gamma(1, size=(2, LEAST_RUNS))
    _, low, high = compute_iqm_intervals(values, none_failed(values), UNIT)
    assert (low < high).all()
    center, low, high = compute_iqm_intervals(values[:, 1:], none_failed(values[:, 1:]), UNIT)
    assert np.isnan([low, high]).all()
    assert not np.isnan(center).any()


def test_no_interval_leaves_the_possible_range(rng):
    values = np.where(rng.random((12, 20, 10)) < 0.8, 0.0, 1.0)
    rows = values.reshape(-1, 10)
    for _, low, high in (
        compute_iqm_intervals(rows, rows == 1.0, UNIT),
        compute_mean_band(rows.T, UNIT),
        compute_overall_iqm(values, none_failed(values), TWELVE, UNIT),
    ):
        assert (low >= 0).all()
        assert (high <= 1).all()
        assert (low <= high).all()


def test_equal_runs_have_an_interval_of_one_point():
    values = np.full((1, 12), 0.25)
    assert [float(x[0]) for x in compute_iqm_intervals(values, none_failed(values), UNIT)] == pytest.approx([0.25] * 3)


def test_the_overall_mean_of_tasks_of_equal_weight_is_rliables_pooled_one(rng):
    scores = rng.gamma(1, size=(30, 12)) * rng.lognormal(sigma=0.5, size=12)
    sizes = 1 - 2 * expand_levels(12)[0]
    point, expected = bootstrap(scores, size=sizes, task_bootstrap=True)
    values = scores.T[:, None]
    center, low, high = compute_overall_iqm(values, none_failed(values), TWELVE, (0.0, np.inf))
    assert center[0] == pytest.approx(point)
    # the standard error of the expanded percentile of 1,000 normal numbers is .12 standard deviations
    spread = (expected[1] - expected[0]) / 2 / stats.norm.ppf(expand_levels(12)[1])
    assert np.abs(np.array([low[0], high[0]]) - expected).max() < 4 * 0.12 * spread


def test_families_weigh_alike_in_the_overall_mean():
    """By hand: 3 tasks at .1 and 9 at .5 weigh alike, so half of the middle half is of each."""
    sample = TaskSample.of(["a"] * 3 + ["b"] * 9)
    values = np.repeat(np.where(np.arange(12) < 3, 0.1, 0.5), 10).reshape(12, 1, 10)
    assert compute_overall_iqm(values, none_failed(values), sample, UNIT)[0][0] == pytest.approx(0.3)
    assert compute_overall_iqm(values, none_failed(values), TWELVE, UNIT)[0][0] == pytest.approx(0.5)


def test_failed_runs_count_in_the_overall_mean(rng):
    failed = np.zeros((12, 1, 10), dtype=bool)
    failed[:, :, :2] = True
    values = np.where(failed, 1.0, rng.uniform(0, 1e-3, size=failed.shape))
    center, low, high = compute_overall_iqm(values, failed, TWELVE, UNIT)
    assert center[0] == pytest.approx(0.2, abs=1e-3)
    assert low[0] < 0.2 < high[0]


def test_of_few_values_there_is_no_overall_interval(rng):
    """As on single tasks: nine runs on one of the tasks are too few, and so are five tasks."""
    values = rng.random((12, 4, 12))
    values[3, 1, 9:] = np.nan
    values[5:, 2] = np.nan
    values[6:, 3] = np.nan
    center, low, high = compute_overall_iqm(values, none_failed(values), TWELVE, UNIT)
    assert not np.isnan(center).any()
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [False, True, True, False]


def test_a_few_tasks_have_no_overall_interval(rng):
    values = rng.gamma(1, size=(5, 2, 30))
    center, low, high = compute_overall_iqm(values, none_failed(values), TaskSample.of("abcde"), UNIT)
    assert np.isnan([low, high]).all()
    np.testing.assert_allclose(center, [metrics.aggregate_iqm(values[:, i].T) for i in range(2)])


def test_results_are_the_same_every_time(rng):
    values = rng.gamma(1, size=(12, 3, 30))
    first, second = (compute_overall_iqm(values, none_failed(values), TWELVE, UNIT) for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_the_band_is_student_s(rng):
    values = rng.normal(size=(30, 4))
    mean, low, high = compute_mean_band(values)
    expected = stats.t.interval(0.95, 29, loc=values.mean(axis=0), scale=stats.sem(values, axis=0))
    np.testing.assert_allclose((low, high), expected)
    np.testing.assert_allclose(mean, values.mean(axis=0))
    assert np.isnan(compute_mean_band(values[:1])[1]).all()
