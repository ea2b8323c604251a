"""Average ranks, their intervals, rank sets and tiers."""

import numpy as np
import pytest
from scipy import stats

from nasbench.statistics.over_tasks import compare_over_tasks
from nasbench.statistics.ranking import average_ranks, compute_rank_intervals, find_rank_sets, find_tiers, rank
from nasbench.statistics.sampling import TaskSample

TWELVE = TaskSample.of(["one family"] * 12)


def test_ties_share_a_rank_and_the_undefined_come_last():
    values = np.array([0.1, 0.1, np.nan, 0.3, 0.2])
    assert rank(values, "minimize").tolist() == [1.5, 1.5, 5, 4, 3]
    assert rank(values, "maximize").tolist() == [3.5, 3.5, 5, 1, 2]


def test_equal_sums_tie_however_they_were_rounded():
    assert 0.1 + 0.2 != 0.3
    for scale in (1e-12, 1.0, 1e12):
        values = scale * np.array([0.1 + 0.2, 0.3, 0.3 + 1e-8])
        assert rank(values, "minimize").tolist() == [1.5, 1.5, 3]
    values = np.array([[0.1 + 0.2, 0.3], [1, 2], [2, 1]])
    sample = TaskSample.of(["a", "b", "c"])
    assert average_ranks(values, sample, "maximize").tolist() == [1.5, 1.5]
    tested = compare_over_tasks(np.tile([0.1 + 0.2, 0.3], (12, 1)), TWELVE, "minimize")
    assert tested.average.tolist() == [1.5, 1.5]
    assert tested.unadjusted[0, 1] == tested.max_t.p[0, 1] == 1


@pytest.mark.parametrize(
    ("direction", "rank_sums", "best"), [("minimize", [12, 27, 33, 48], 0), ("maximize", [48, 33, 27, 12], 3)]
)
def test_average_ranks_and_critical_difference_are_autoranks(direction, rank_sums, best):
    """The numbers of autorank 1.3.0 for these values, with ``order`` ascending and descending, forced nonparametric.

    Its issue 46: with the wrong order, the worst contestant became the one that others are compared to. The package
    cannot be installed beside the tests, because it installs a package that is also called ``tests``.
    """
    values = np.random.default_rng(0).normal(size=(12, 4)) + np.arange(4)
    tested = compare_over_tasks(values, TWELVE, direction)
    expected = np.array(rank_sums) / 12
    np.testing.assert_allclose(average_ranks(values, TWELVE, direction), expected)
    np.testing.assert_allclose(tested.average, expected)
    assert tested.nemenyi.critical == pytest.approx(1.3539901117469855, rel=0.06)  # a multiple of 1 / 12
    assert expected.argmin() == best
    tiers = find_tiers(tested.average, tested.nemenyi.p, tested.nemenyi.worse)
    assert tiers[best] == 1
    assert tiers[3 - best] > 1
    assert tested.nemenyi.worse[3 - best, best]
    assert not tested.nemenyi.worse[best, 3 - best]


def test_directions_mirror_each_other(rng):
    values = rng.normal(size=(12, 5))
    low, high = compare_over_tasks(values, TWELVE, "minimize"), compare_over_tasks(-values, TWELVE, "maximize")
    for a, b in zip(
        low[1:3] + low.nemenyi[1:] + low.max_t[1:], high[1:3] + high.nemenyi[1:] + high.max_t[1:], strict=True
    ):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(KeyError):
        compare_over_tasks(values, TWELVE, "")


def test_families_weigh_alike_in_average_ranks():
    """By hand: first on all 3 tasks of one family, last of two on all 9 of the other: 1.5, not 1.75."""
    sample = TaskSample.of(["a"] * 3 + ["b"] * 9)
    first = np.where(np.arange(12) < 3, 0.0, 1.0)
    assert average_ranks(np.stack([first, 1 - first], axis=1), sample, "minimize").tolist() == pytest.approx([1.5, 1.5])


def test_rank_intervals_hold_the_average_rank_and_stay_in_range(rng):
    values = rng.gamma(1, size=(12, 6, 20)) + 0.2 * np.arange(6)[:, None]
    low, high = compute_rank_intervals(values, np.zeros(values.shape, dtype=bool), TWELVE, "minimize")
    average = average_ranks(stats.trim_mean(values, 0.25, axis=2), TWELVE, "minimize")
    assert (low <= average).all()
    assert (average <= high).all()
    assert (low >= 1).all()
    assert (high <= 6).all()
    again = compute_rank_intervals(values, np.zeros(values.shape, dtype=bool), TWELVE, "minimize")
    np.testing.assert_array_equal(again, (low, high))


def test_equal_runs_tie_in_every_resample():
    """Two contestants with one and the same value everywhere, which no sum of weights gives exactly."""
    values = np.full((12, 3, 10), 0.1)
    values[:, 2] = 0.7
    low, high = compute_rank_intervals(values, np.zeros(values.shape, dtype=bool), TWELVE, "minimize")
    assert low[0] == low[1] < 1.5 < high[0] == high[1] < 2
    assert high[2] == 3


def test_a_rank_that_never_differs_may_differ_elsewhere(rng):
    """The upper bound of Clopper and Pearson 1934 for 0 of 12."""
    values = rng.random((12, 2, 10)) + np.array([0, 5])[:, None]
    low, high = compute_rank_intervals(values, np.zeros(values.shape, dtype=bool), TWELVE, "minimize")
    expected = stats.binomtest(0, 12).proportion_ci().high
    assert high[0] == pytest.approx(1 + expected)
    assert low[1] == pytest.approx(2 - expected)


@pytest.mark.parametrize(("n_tasks", "n_runs"), [(5, 30), (12, 9)])
def test_few_tasks_or_runs_have_no_rank_interval(rng, n_tasks, n_runs):
    values = rng.gamma(1, size=(n_tasks, 3, n_runs))
    sample = TaskSample.of(["a"] * n_tasks)
    assert np.isnan(compute_rank_intervals(values, np.zeros(values.shape, dtype=bool), sample, "minimize")).all()


def test_rank_sets_by_hand():
    """Of four, the first is surely better than the last two, and the second than the last."""
    p = np.ones((4, 4))
    for i, j in ((0, 2), (0, 3), (1, 3)):
        p[i, j] = p[j, i] = 0.01
    worse = np.arange(4)[:, None] > np.arange(4)
    low, high = find_rank_sets(p, worse)
    assert low.tolist() == [1, 1, 2, 3]
    assert high.tolist() == [2, 3, 4, 4]


def test_unknown_p_values_rule_out_no_place():
    p = np.where(np.eye(3, dtype=bool), 1.0, np.nan)
    low, high = find_rank_sets(p, np.zeros((3, 3), dtype=bool))
    assert (low.tolist(), high.tolist()) == ([1, 1, 1], [3, 3, 3])
    assert find_tiers(np.array([2.0, 1.0, 3.0]), p, np.zeros((3, 3), dtype=bool)).tolist() == [1, 1, 1]


def test_rank_sets_hold_all_places_of_a_tie(rng):
    """Contestants that tie on every task may have any place of the tie."""
    values = np.repeat(rng.normal(size=(12, 1)), 4, axis=1)
    values[:, 3] += 10
    for name in ("nemenyi", "max_t"):
        test = compare_over_tasks(values, TWELVE, "minimize").choose(name)
        low, high = find_rank_sets(test.p, test.worse)
        assert low[:3].tolist() == [1, 1, 1]
        assert (high[:3] >= 3).all()


def test_tiers_by_hand():
    """Tier 1: the best and who is not significantly worse. The best of the others leads tier 2."""
    average = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    p = np.ones((5, 5))
    for i, j in ((0, 2), (0, 3), (0, 4), (1, 4), (2, 4)):
        p[i, j] = p[j, i] = 0.05
    worse = average[:, None] > average
    assert find_tiers(average, p, worse).tolist() == [1, 1, 2, 2, 3]
    shuffled = [3, 0, 4, 2, 1]
    again = find_tiers(average[shuffled], p[np.ix_(shuffled, shuffled)], worse[np.ix_(shuffled, shuffled)])
    assert again.tolist() == [2, 1, 3, 2, 1]


def test_no_tier_holds_one_that_is_significantly_worse_than_its_leader(rng):
    values = rng.normal(size=(12, 20)) + 0.3 * np.arange(20)
    tested = compare_over_tasks(values, TWELVE, "minimize")
    for test in (tested.nemenyi, tested.max_t):
        tiers = find_tiers(tested.average, test.p, test.worse)
        assert set(tiers.tolist()) == set(range(1, tiers.max() + 1))
        for tier in range(1, tiers.max() + 1):
            members = np.flatnonzero(tiers == tier)
            leader = members[tested.average[members].argmin()]
            assert not ((test.p[members, leader] <= 0.05) & test.worse[members, leader]).any()
            later = np.flatnonzero(tiers > tier)
            assert ((test.p[later, leader] <= 0.05) & test.worse[later, leader]).all()
