"""Tests on one task against scipy and statsmodels."""

import itertools

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from nasbench.statistics.on_one_task import adjust_by_holm, compare_paired_runs, compare_runs


@pytest.mark.parametrize("n", [2, 3, 6])
def test_holm_is_that_of_statsmodels(rng, n):
    i, j = np.triu_indices(n, k=1)
    for _ in range(3):
        p = np.ones((n, n))
        p[i, j] = p[j, i] = rng.choice([0.001, 0.01, 0.02, 0.3, 0.9], len(i))
        adjusted = adjust_by_holm(p)
        np.testing.assert_allclose(adjusted[i, j], multipletests(p[i, j], method="holm")[1])
        assert (adjusted == adjusted.T).all()
        assert (np.diag(adjusted) == 1).all()


def test_holm_counts_only_known_p_values():
    p = np.ones((3, 3))
    p[0, 1] = p[1, 0] = 0.01
    p[0, 2] = p[2, 0] = 0.04
    p[1, 2] = p[2, 1] = np.nan
    adjusted = adjust_by_holm(p)
    assert adjusted[0, 1] == 0.02
    assert adjusted[0, 2] == 0.04
    assert np.isnan(adjusted[1, 2])


def make_untied(n_reversed, runs):
    """Two samples without ties of which this many pairs are in reverse order."""
    below = np.full(runs, n_reversed // runs) + (np.arange(runs) >= runs - n_reversed % runs)
    return below - 0.5 + np.arange(runs) / 1000, np.arange(runs, dtype=float)


@pytest.mark.parametrize("zeros", [0, 0.5, 0.9])
@pytest.mark.parametrize("runs", [10, 30])
def test_brunner_munzel_is_scipys_but_for_the_bound_of_mann_and_whitney(rng, zeros, runs):
    values = np.where(rng.random((5, runs)) < zeros, 0.0, rng.beta(0.7, 6, (5, runs)))
    values[0, 0] = 0.5
    values[4] += 0.02  # a pair that differs
    p = compare_runs(values)
    for i, j in itertools.combinations(range(5), 2):
        brunner = stats.brunnermunzel(values[i], values[j]).pvalue
        normal = stats.mannwhitneyu(values[i], values[j], method="asymptotic")
        fewest = np.ceil(min(normal.statistic, runs**2 - normal.statistic)).astype(int)
        exact = stats.mannwhitneyu(*make_untied(fewest, runs), method="exact").pvalue
        assert p[i, j] == p[j, i] == pytest.approx(np.fmax(brunner, min(normal.pvalue, exact)))


def test_runs_that_do_not_overlap_have_the_p_value_of_a_permutation_test(rng):
    """scipy's has none: its variance is 0."""
    values = np.stack([rng.random(10), 2 + rng.random(10)])
    assert compare_runs(values)[0, 1] == pytest.approx(2 / 184_756)  # 20 choose 10
    assert compare_runs(values)[0, 1] == stats.mannwhitneyu(*values, method="exact").pvalue


def test_equal_runs_do_not_differ():
    values = np.zeros((3, 12))
    values[2] = 1.0
    p = compare_runs(values)
    assert p[0, 1] == 1
    assert p[0, 2] < 1e-5
    assert (compare_paired_runs(np.zeros((2, 5))) == 1).all()


def test_few_runs_have_no_p_value(rng):
    p = compare_runs(rng.random((3, 9)))
    assert np.isnan(p[0, 1])
    assert (np.diag(p) == 1).all()
    assert np.isnan(compare_paired_runs(rng.random((3, 1)))[0, 1])


def test_one_contestant_alone_has_nothing_to_differ_from(rng):
    assert compare_runs(rng.random((1, 12))).tolist() == [[1.0]]
    assert adjust_by_holm(np.ones((1, 1))).tolist() == [[1.0]]


def test_further_contestants_change_no_p_value(rng):
    values = rng.random((6, 20))
    np.testing.assert_array_equal(compare_runs(values)[:3, :3], compare_runs(values[:3]))


def test_paired_runs_have_scipys_paired_t_test(rng):
    values = rng.normal(size=(4, 5)) + np.arange(4)[:, None] / 2
    p = compare_paired_runs(values)
    for i, j in itertools.combinations(range(4), 2):
        assert p[i, j] == p[j, i] == pytest.approx(stats.ttest_rel(values[i], values[j]).pvalue)


def test_a_difference_that_never_varies_has_no_p_value():
    values = np.array([[0.1, 0.2, 0.3], [0.2, 0.3, 0.4]])
    assert np.isnan(compare_paired_runs(values)[0, 1])
