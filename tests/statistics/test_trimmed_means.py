"""Yuen's test of interquartile means against scipy's, and Holm's correction of lists by hand."""

import numpy as np
import pytest
from scipy import stats

from nasbench.statistics.on_one_task import adjust_list_by_holm
from nasbench.statistics.trimmed_means import compare_interquartile_means


@pytest.mark.parametrize("runs", [10, 11, 30])
def test_yuens_test_is_scipys(rng, runs):
    values = rng.exponential(size=(4, runs)) * np.array([1.0, 2.0, 3.0, 1.0])[:, None]
    p = compare_interquartile_means(values)
    for i in range(4):
        for j in range(i):
            expected = stats.ttest_ind(values[i], values[j], equal_var=False, trim=0.25).pvalue
            assert p[i, j] == p[j, i] == pytest.approx(expected)


def test_constant_middle_halves_and_few_runs_are_undefined():
    values = np.zeros((2, 12))
    values[1, 0] = 5.0
    assert np.isnan(compare_interquartile_means(values)[0, 1])
    assert np.isnan(compare_interquartile_means(np.random.default_rng(0).random((2, 9)))[0, 1])


def test_holms_correction_of_a_list_by_hand():
    """Of .01, .04, .03 and .005: times 3, 1, 2 and 4, and never below a smaller one."""
    p = np.array([0.01, 0.04, np.nan, 0.03, 0.005])
    np.testing.assert_allclose(adjust_list_by_holm(p), [0.03, 0.06, np.nan, 0.06, 0.02])
