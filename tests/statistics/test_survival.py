"""Censored times against scipy's Kaplan-Meier estimator, exact intervals, a published example and plain means."""

import numpy as np
import pytest
from scipy import stats
from simulate_survival import simulate_coverage, simulate_curves

from nasbench.statistics.survival import compute_restricted_mean, estimate_survival, find_horizon, find_median

# Remission in weeks of 21 leukaemia patients on 6-MP, Freireich et al. 1963 (Blood 21), as in Kleinbaum & Klein,
# "Survival Analysis": S(6) = .857, S(7) = .807, S(10) = .753, S(13) = .690, S(16) = .627, S(22) = .538, S(23) = .448;
# the median is 23 weeks.
WEEKS = np.array([6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35], dtype=float)
STILL_WELL = np.arange(21) >= 9


def test_the_curve_is_the_published_one():
    curve = estimate_survival(WEEKS, STILL_WELL)
    assert curve.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    np.testing.assert_allclose(curve.share, [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], atol=6e-4)
    assert find_median(curve).value == 23
    assert curve.end == 35


def test_the_curve_is_scipys(rng):
    times, ends = rng.integers(1, 30, 60).astype(float), rng.integers(1, 40, 60).astype(float)
    values, censored = np.minimum(times, ends), times > ends
    curve = estimate_survival(values, censored)
    theirs = stats.ecdf(stats.CensoredData.right_censored(values, censored)).sf
    np.testing.assert_allclose(curve.share, theirs.evaluate(curve.times))


def _bound_exactly(left, n):
    interval = stats.binomtest(left, n).proportion_ci(0.95, method="exact")
    return interval.low, interval.high


def test_with_one_budget_for_all_the_intervals_are_clopper_and_pearsons(rng):
    """scipy's exact intervals of the share that is left, with ties, before the first event and after the last."""
    for limit in (30.0, 8.0):
        values = np.minimum(rng.integers(3, 30, 25).astype(float), limit)
        curve = estimate_survival(values, values == limit)
        expected = [_bound_exactly(int((values > time).sum()), 25) for time in curve.times]
        np.testing.assert_allclose(np.transpose([curve.low, curve.high]), expected)
        assert curve.low_at_start == pytest.approx(_bound_exactly(25, 25)[0])


def test_with_censoring_the_interval_is_that_of_a_product_of_beta_variables():
    """The published curve's two events at 7 and 10 weeks: a simulation of the products, 4 standard errors."""
    curve = estimate_survival(WEEKS, STILL_WELL)
    rng, at = np.random.default_rng(1), 2  # from week 10 on: 3 of 21 at 6 weeks, 1 of 17, 1 of 15; then 12 at risk
    after = np.prod([rng.beta(y, 1, 200_000) for y in (21, 20, 19, 17, 15)], axis=0)
    below = after * rng.beta(12, 1, 200_000)
    assert (below < curve.low[at]).mean() == pytest.approx(0.025, abs=0.003)
    assert (after > curve.high[at]).mean() == pytest.approx(0.025, abs=0.003)


def test_below_ten_runs_there_is_no_interval():
    curve = estimate_survival(np.arange(1.0, 10), np.zeros(9, dtype=bool))
    assert np.isnan([*curve.low, *curve.high, curve.low_at_start]).all()
    median = find_median(curve)
    assert median.value == 5
    assert np.isnan([median.low, median.high]).all()


def test_the_median_of_uncensored_runs_has_the_interval_of_order_statistics():
    """Of ten, the second and the ninth: they hold the median with probability .979 (Conover 1999, section 3.2)."""
    median = find_median(estimate_survival(np.arange(1.0, 11), np.zeros(10, dtype=bool)))
    assert (median.value, median.low, median.high) == (5, 2, 9)


def test_medians_and_bands_cover_as_often_as_they_say(request):
    """At 10, 30 and 100 runs, with ties, with and without censoring; the tolerance is 4 standard errors."""
    n_samples = 2000 if request.config.getoption("--everywhere") else 100
    for what, n, rate in simulate_coverage(n_samples):
        assert rate >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / n_samples), (what, n, rate)


def test_without_censoring_the_restricted_mean_is_the_mean(rng):
    values = rng.exponential(size=50)
    nothing = np.zeros(50, dtype=bool)
    assert compute_restricted_mean(values, nothing, values.max()) == pytest.approx(values.mean())
    assert compute_restricted_mean(values, nothing, 1.0) == pytest.approx(np.minimum(values, 1.0).mean())


def test_with_one_budget_for_all_the_restricted_mean_counts_the_budget(rng):
    """Where all are censored at the same time, the mean until then is known of each."""
    values = np.minimum(rng.exponential(10, size=80), 12.0)
    censored = values == 12.0
    assert censored.any()
    assert compute_restricted_mean(values, censored, 12.0) == pytest.approx(values.mean())


def test_censoring_does_not_bias_the_restricted_mean():
    """5,000 exponential times of which a third is cut off at random: the true restricted mean, 4 standard errors."""
    rng = np.random.default_rng(3)
    times, ends = rng.exponential(10, 5000), rng.exponential(20, 5000)
    values, censored = np.minimum(times, ends), times > ends
    truth = 10 * (1 - np.exp(-15 / 10))
    assert compute_restricted_mean(values, censored, 15.0) == pytest.approx(truth, abs=0.35)
    assert values.mean() < truth - 0.5  # what silence about censoring would say


def test_a_median_that_was_not_seen_is_infinite():
    curve = estimate_survival(np.array([3.0, 5.0, 9.0, 9.0, 9.0]), np.array([False, False, True, True, True]))
    assert np.isinf(find_median(curve).value)
    nothing = estimate_survival(np.full(4, 9.0), np.ones(4, dtype=bool))
    assert np.isinf(find_median(nothing).value)
    assert nothing.end == 9.0


def test_the_horizon_is_where_the_first_group_that_is_not_done_is_lost_from_sight():
    values = np.array([[1.0, 2.0, 3.0], [5.0, 7.0, 9.0], [4.0, 8.0, 8.0]])
    censored = np.array([[False] * 3, [False, False, True], [True, False, True]])
    assert find_horizon(values, censored) == 8.0
    assert find_horizon(values, np.zeros((3, 3), dtype=bool)) == 9.0


def test_bands_of_regret_curves_cover_as_often_as_they_say(request):
    """The worst of five times; the interquartile mean's own interval covers .94 at 30 runs; 4 standard errors."""
    n_samples = 2000 if request.config.getoption("--everywhere") else 200
    for what, n, rate in simulate_curves(n_samples):
        assert rate >= 0.94 - 4 * np.sqrt(0.94 * 0.06 / n_samples), (what, n, rate)
