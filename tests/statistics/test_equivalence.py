"""Tests of a difference: against statsmodels, scipy and closed forms, and by their level in simulations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nasbench.statistics.equivalence import (
    ErrorPart,
    compute_direction_p,
    compute_equivalence_p,
    compute_exceedance_p,
    make_error_part,
    make_estimate,
)

NUMBER = st.floats(-10, 10)


def symmetric(rng, n, *, loc=0.0, scale=1.0):
    """Draw values with skewness 0: each beside its mirror image."""
    half = scale * rng.normal(size=n // 2)
    return loc + np.concatenate([half, -half])


def estimate_of(ours, theirs):
    return make_estimate(
        ours.mean() - theirs.mean(), make_error_part(ours.std(), len(ours)), make_error_part(theirs.std(), len(theirs))
    )


@pytest.mark.parametrize(("n", "published"), [(10, 500), (40, 40), (500, 3), (150, 500)])
def test_equivalence_is_that_of_statsmodels(rng, n, published):
    from statsmodels.stats import weightstats

    for shift in (0.0, 0.2, -0.4, 1.0):
        ours, theirs = rng.normal(shift, 2.0, size=n), rng.normal(size=published)
        expected = weightstats.ttost_ind(ours, theirs, -0.3, 0.3, usevar="unequal")[0]
        assert compute_equivalence_p(estimate_of(ours, theirs), 0.3) == pytest.approx(expected, rel=1e-9)


def test_an_exact_published_number_leaves_the_test_of_one_sample(rng):
    ours = symmetric(rng, 30, loc=0.2)
    sides = [stats.ttest_1samp(ours, side, alternative=way).pvalue for side, way in ((-0.5, "greater"), (0.5, "less"))]
    estimate = make_estimate(ours.mean(), make_error_part(ours.std(), 30), ErrorPart())
    assert compute_equivalence_p(estimate, 0.5) == pytest.approx(max(sides))
    assert compute_direction_p(estimate) == pytest.approx(stats.ttest_1samp(ours, 0.0, alternative="greater").pvalue)
    assert estimate.margin == pytest.approx(np.diff(stats.t(29, scale=stats.sem(ours)).interval(0.9))[0] / 2)


def test_degrees_of_freedom_are_those_of_welch(rng):
    ours, theirs = rng.normal(size=12), 3 * rng.normal(size=50)
    estimate = estimate_of(ours, theirs)
    expected = stats.ttest_ind(ours, theirs, equal_var=False)
    assert estimate.df == pytest.approx(expected.df)
    assert estimate.value / estimate.error == pytest.approx(expected.statistic)


def test_beyond_a_tolerance_of_zero_is_the_two_sided_test_and_beyond_a_wide_one_the_one_sided_test(rng):
    ours, theirs = rng.normal(0.5, 1.0, size=40), rng.normal(size=40)
    estimate = estimate_of(ours, theirs)
    assert compute_exceedance_p(estimate, 0.0) == pytest.approx(stats.ttest_ind(ours, theirs, equal_var=False).pvalue)
    far = make_estimate(3.0, ErrorPart(0.04, 20.0))
    assert compute_exceedance_p(far, 2.0) == pytest.approx(stats.t.sf(5.0, 20))  # the other side has probability 3e-16


@given(NUMBER, st.floats(0.01, 5), st.floats(0.001, 4), st.floats(1, 500), st.floats(-2, 2))
def test_a_sign_changes_nothing_and_skewness_never_strengthens_the_evidence(value, limit, variance, df, third):
    plain, skewed = (
        make_estimate(value, ErrorPart(variance, df)),
        make_estimate(value, ErrorPart(variance, df, third, 0.1)),
    )
    for compute in (compute_equivalence_p, compute_exceedance_p):
        assert compute(skewed.mirrored, limit) == pytest.approx(compute(skewed, limit), abs=1e-12)
        assert compute(skewed, limit) >= compute(plain, limit) - 1e-12
    assert compute_direction_p(skewed) >= compute_direction_p(plain) - 1e-12
    assert compute_direction_p(skewed, cautious=True) >= compute_direction_p(skewed) - 1e-12


@given(NUMBER, st.floats(0.01, 5))
def test_a_difference_without_error_is_within_or_beyond(value, limit):
    exact = make_estimate(value, ErrorPart(), ErrorPart())
    assert compute_equivalence_p(exact, limit) == (0.0 if abs(value) <= limit else 1.0)
    assert compute_exceedance_p(exact, limit) == (0.0 if abs(value) > limit else 1.0)
    assert compute_direction_p(exact) == (0.0 if value > 0 else 1.0)


def test_errors_too_small_for_their_squares_keep_their_degrees_of_freedom():
    assert make_estimate(1.0, ErrorPart(1e-200, 9.0)).df == pytest.approx(9.0)
    assert make_error_part(1e-170, 500).variance >= 0.0
    assert make_estimate(1.0, make_error_part(1e-170, 500)).error >= 0.0


def test_the_third_cumulant_of_a_mean_is_that_of_its_runs(rng):
    """Of an exponential distribution: standard deviation 1, skewness 2; the mean of 25 runs has 2 / sqrt(25)."""
    assert make_estimate(0.0, make_error_part(math.sqrt(24 / 25), 25, 2.0)).skewness == pytest.approx(
        0.4 * (24 / 25) ** 1.5
    )
    assert stats.skew(rng.exponential(size=(100_000, 25)).mean(axis=1)) == pytest.approx(0.4, abs=0.03)
