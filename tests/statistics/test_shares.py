"""Shares of runs: exact intervals of one task, and coverage where families of tasks weigh alike."""

import numpy as np
import pytest
from scipy import stats
from simulate_survival import simulate_shares

from nasbench.statistics.sampling import TaskSample
from nasbench.statistics.shares import compute_share_intervals


@pytest.mark.parametrize("families", ["a", "abcdef"])
def test_without_runs_that_count_for_more_the_interval_is_clopper_and_pearsons(families):
    """scipy's, of all runs together; where tasks differ, the interval of the effective number of runs."""
    sample = TaskSample(tuple(families))
    counts = np.arange(31)
    shares = np.repeat(counts[None] / 30, len(families), axis=0)
    center, low, high = compute_share_intervals(shares, 30, sample)
    exact = [stats.binomtest(len(families) * k, 30 * len(families)).proportion_ci(0.95) for k in counts.tolist()]
    np.testing.assert_allclose(center, counts / 30)
    np.testing.assert_allclose(np.transpose([low, high]), exact, atol=1e-12)


def test_families_weigh_alike_and_intervals_stay_shares():
    sample = TaskSample(("a", "b", "b", "b"))
    center, low, high = compute_share_intervals(np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]), 20, sample)
    np.testing.assert_allclose(center, [0.5, 0.0], atol=1e-12)
    assert (low >= 0).all()
    assert (high <= 1).all()
    assert low[0] < 0.5 < high[0]
    assert high[1] > 0.02


def test_below_ten_runs_there_is_no_interval():
    center, low, high = compute_share_intervals(np.array([[0.5]]), 9, TaskSample(("a",)))
    assert center == 0.5
    assert np.isnan([low, high]).all()


def test_intervals_cover_as_often_as_they_say():
    """The worst of several patterns of true shares, of 4,000 samples each; the tolerance is 4 standard errors."""
    for what, n, rate in simulate_shares(4000):
        assert rate >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / 4000), (what, n, rate)
