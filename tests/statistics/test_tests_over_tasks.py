"""Tests over tasks against scikit-posthocs, scipy, and brute force."""

import itertools

import numpy as np
import pytest
import scikit_posthocs
from scipy import stats

from nasbench.statistics.over_tasks import TESTS, compare_over_tasks, estimate_more_blocks
from nasbench.statistics.sampling import TaskSample

TWELVE = TaskSample.of(["one family"] * 12)
EMBEDDED = TaskSample.of(["nb201"] * 3 + ["nbgraph"] * 9)
SIX = TaskSample.of(["a", "b", "b", "c", "d", "e", "e", "e", "f"])


@pytest.mark.parametrize("n", [2, 3, 5, 15, 41])
def test_nemenyi_is_that_of_scikit_posthocs_or_permutations_are_more_careful(rng, n):
    values = rng.normal(size=(12, n)) + np.linspace(0, 2, n)
    theirs = scikit_posthocs.posthoc_nemenyi_friedman(values).to_numpy()
    test = compare_over_tasks(values, TWELVE, "minimize").nemenyi
    assert (test.p >= theirs - 1e-9).all()
    # average ranks are multiples of 1 / 12: with few contestants, Nemenyi's normal approximation is off by more
    off = np.abs(test.p - np.maximum(theirs, 1e-4))[np.triu_indices(n, k=1)].max()
    assert off < {2: 0.25, 3: 0.2, 5: 0.08}.get(n, 0.02)
    difference = np.sqrt(n * (n + 1) / 6 / 12) * stats.studentized_range.ppf(0.95, n, np.inf) / np.sqrt(2)
    assert test.critical == pytest.approx(difference, rel=0.2 if n < 4 else 0.06)
    assert test.critical >= difference - 1e-9
    assert ((np.abs(test.statistic) > test.critical * (1 + 1e-9)) == (test.p <= 0.05)).all()


def test_nemenyi_is_never_below_the_exact_permutation_test(rng):
    """All 6 ** 6 orders of three contestants on six tasks, but for those that only change names."""
    values = rng.normal(size=(6, 3)) + np.array([0, 0.5, 2])
    orders = np.array(list(itertools.permutations([1.0, 2.0, 3.0])))
    sums = orders[:1]
    for _ in range(5):
        sums = (sums[:, None] + orders).reshape(-1, 3)
    ranges = np.ptp(sums, axis=1) / 6
    test = compare_over_tasks(values, TaskSample.of(["a"] * 6), "minimize").nemenyi
    for i, j in itertools.combinations(range(3), 2):
        exact = np.mean(ranges >= abs(test.statistic[i, j]) - 1e-9)
        assert test.p[i, j] >= exact - 4 * np.sqrt(exact * (1 - exact) / 10_000)
        assert test.p[i, j] <= max(exact, 0.2) + 0.05


@pytest.mark.parametrize("n_tasks", [6, 8, 11])
def test_with_two_contestants_nemenyi_is_never_below_the_sign_test(n_tasks):
    for wins in range(n_tasks + 1):
        values = np.stack([np.zeros(n_tasks), np.where(np.arange(n_tasks) < wins, 1.0, -1.0)], axis=1)
        p = compare_over_tasks(values, TaskSample.of(["a"] * n_tasks), "minimize").nemenyi.p[0, 1]
        exact = stats.binomtest(wins, n_tasks).pvalue
        normal = 2 * stats.norm.sf(abs(2 * wins - n_tasks) / np.sqrt(n_tasks))
        assert p == pytest.approx(max(exact, normal))


def test_ties_do_not_make_nemenyi_bold():
    """Four of twelve tasks differ, all one way: the sign test says .125, Nemenyi's formula .0455."""
    values = np.zeros((12, 2))
    values[:4, 1] = 1
    assert compare_over_tasks(values, TWELVE, "minimize").nemenyi.p[0, 1] == pytest.approx(0.125)


@pytest.mark.parametrize("ties", [False, True])
def test_friedman_is_scipys(rng, ties):
    values = rng.normal(size=(12, 5))
    if ties:
        values = np.round(values)
    expected = stats.friedmanchisquare(*values.T).pvalue
    assert compare_over_tasks(values, TWELVE, "minimize").friedman == pytest.approx(expected)


def test_friedman_needs_three_contestants(rng):
    assert np.isnan(compare_over_tasks(rng.normal(size=(12, 2)), TWELVE, "minimize").friedman)


def flip_by_brute_force(levels, weights):
    """Adjusted and unadjusted p-values of all pairs: every sign flip of every block, t-like statistics, plain loops."""
    pairs = list(itertools.combinations(range(levels.shape[1]), 2))
    differences = [levels[:, i] - levels[:, j] for i, j in pairs]

    def statistic(d):
        mean = (weights * d).sum()
        return abs(mean) / np.sqrt((weights**2 * (d - mean) ** 2).sum() + mean**2 * (weights**2).sum())

    def statistics(signs):
        return [statistic(signs * d) for d in differences]

    observed = statistics(np.ones(len(levels)))
    flipped = [statistics(np.array(signs)) for signs in itertools.product([1, -1], repeat=len(levels))]
    most = np.array([max(each) for each in flipped])
    adjusted = [np.mean(most >= own * (1 - 1e-9)) for own in observed]
    alone = [np.mean([each[k] >= own * (1 - 1e-9) for each in flipped]) for k, own in enumerate(observed)]
    return pairs, adjusted, alone


@pytest.mark.parametrize("sample", [TaskSample.of(["a"] * 7), TaskSample.of(["a"] * 2 + ["b"] * 6), SIX])
def test_max_t_tries_all_sign_flips(rng, sample):
    values = rng.normal(size=(sample.n_tasks, 4)) + np.array([0, 0.4, 0.8, 2])
    tested = compare_over_tasks(values, sample, "minimize")
    pairs, adjusted, alone = flip_by_brute_force(sample.average_blocks(values), sample.block_weights)
    for (i, j), p, own in zip(pairs, adjusted, alone, strict=True):
        assert tested.max_t.p[i, j] == tested.max_t.p[j, i] == pytest.approx(p)
        assert tested.unadjusted[i, j] == pytest.approx(own)
    assert tested.max_t.worse[3, 0]


def test_with_blocks_of_equal_weight_the_statistic_is_about_zero(rng):
    values = rng.normal(size=(12, 4))
    difference = values[:, 0] - values[:, 1]
    statistic = compare_over_tasks(values, TWELVE, "minimize").max_t.statistic[0, 1]
    assert statistic == pytest.approx(difference.sum() / np.sqrt((difference**2).sum()))


def test_of_many_contestants_one_that_is_always_far_behind_is_separated(rng):
    """By differences about zero, tasks that agree would lie below the critical size where families weigh alike."""
    values = rng.normal(size=(12, 41))
    values[:, 0] += 50
    test = compare_over_tasks(values, EMBEDDED, "minimize").max_t
    assert (test.p[0, 1:] <= 0.05).all()
    assert np.abs(test.statistic).max() == pytest.approx(3, abs=0.01)  # the root of 9 effective tasks


def test_the_sign_flip_test_is_scipys_permutation_test(rng):
    values = rng.normal(size=(10, 2)) + np.array([0, 0.7])
    expected = stats.permutation_test(
        (values[:, 0] - values[:, 1],), np.mean, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    tested = compare_over_tasks(values, TaskSample.of(["a"] * 10), "minimize")
    assert tested.unadjusted[0, 1] == pytest.approx(expected)
    assert tested.max_t.p[0, 1] == pytest.approx(expected)  # of one pair alone


def test_of_many_tasks_some_flips_are_drawn(rng):
    values = rng.normal(size=(30, 2)) + np.array([0, 0.3])
    expected = stats.ttest_rel(values[:, 0], values[:, 1]).pvalue
    p = compare_over_tasks(values, TaskSample.of(["a"] * 30), "minimize").unadjusted[0, 1]
    assert p == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("sample", [TWELVE, EMBEDDED, SIX])
def test_further_contestants_change_no_unadjusted_p_value(rng, sample):
    values = rng.normal(size=(sample.n_tasks, 15))
    few, many = (compare_over_tasks(values[:, :n], sample, "minimize").unadjusted for n in (4, 15))
    np.testing.assert_array_equal(few, many[:4, :4])


@pytest.mark.parametrize("n", [2, 6, 13])
@pytest.mark.parametrize("sample", [TWELVE, EMBEDDED, SIX])
def test_p_values_critical_size_and_more_tasks_agree(rng, sample, n):
    """With few blocks, p-values have few possible sizes."""
    for step in (0.0, 0.1, 0.3, 1.0):
        values = rng.normal(size=(sample.n_tasks, n)) + step * np.arange(n)
        tested = compare_over_tasks(values, sample, "minimize")
        assert (tested.max_t.p >= tested.unadjusted - 1e-12).all()
        for test in (tested.nemenyi, tested.max_t):
            significant = test.p <= 0.05
            np.testing.assert_array_equal(significant, np.abs(test.statistic) > test.critical * (1 + 1e-9))
            np.testing.assert_array_equal(significant, estimate_more_blocks(test, tested.sample) == 0)
            order = np.argsort(np.abs(test.statistic), axis=None)
            assert (np.diff(test.p.ravel()[order]) <= 1e-12).all()


@pytest.mark.parametrize("name", TESTS)
def test_equal_contestants_are_not_separated(name):
    values = np.repeat(np.random.default_rng(0).random((12, 1)), 3, axis=1)
    tested = compare_over_tasks(values, TWELVE, "minimize")
    assert (tested.choose(name).p == 1).all()
    assert tested.friedman == 1
    assert (tested.unadjusted == 1).all()
    more = estimate_more_blocks(tested.choose(name), tested.sample)
    assert (np.isinf(more) | np.isnan(more)).all()


@pytest.mark.parametrize("name", TESTS)
@pytest.mark.parametrize(("n_tasks", "n"), [(5, 3), (12, 1), (0, 3)])
def test_where_nothing_can_be_tested_nothing_is_said(name, n_tasks, n):
    tested = compare_over_tasks(np.zeros((n_tasks, n)), TaskSample.of(["a"] * n_tasks), "minimize")
    expected = np.where(np.eye(n, dtype=bool), 1.0, np.nan)
    np.testing.assert_array_equal(tested.choose(name).p, expected)
    np.testing.assert_array_equal(tested.unadjusted, expected)
    assert np.isnan(tested.friedman)
    assert np.isnan(tested.choose(name).critical)


def test_tasks_with_an_undefined_value_are_left_out(rng):
    values = rng.normal(size=(12, 3))
    gaps = values.copy()
    gaps[[0, 7], [1, 2]] = np.nan
    kept = np.delete(np.arange(12), [0, 7])
    a, b = (
        compare_over_tasks(gaps, EMBEDDED, "minimize"),
        compare_over_tasks(values[kept], EMBEDDED.select(kept), "minimize"),
    )
    assert a.sample == b.sample
    np.testing.assert_array_equal(a.max_t.p, b.max_t.p)
    np.testing.assert_array_equal(a.nemenyi.p, b.nemenyi.p)
    assert np.isnan(compare_over_tasks(np.full((12, 3), np.nan), TWELVE, "minimize").nemenyi.p[0, 1])


def test_families_are_blocks_from_six_on(rng):
    """Tasks of a family count as one: the test over families is the test over their means."""
    values = rng.normal(size=(9, 4))
    alone = compare_over_tasks(SIX.average_blocks(values), TaskSample.of("abcdef"), "minimize")
    np.testing.assert_allclose(compare_over_tasks(values, SIX, "minimize").max_t.p, alone.max_t.p)


def test_weights_enter_nemenyi_by_hand():
    """3 + 9 tasks, two contestants; better on the 3 tasks and on one more: differences 3/6 + 1/18 - 8/18 = 1/9."""
    values = np.zeros((12, 2))
    values[:4, 1], values[4:, 1] = 1, -1
    tested = compare_over_tasks(values, EMBEDDED, "minimize")
    assert tested.nemenyi.statistic[1, 0] == pytest.approx(1 / 9)
    sums = [s[:3] @ np.full(3, 3) + s[3:].sum() for s in np.array(list(itertools.product([1, -1], repeat=12)))]
    assert tested.nemenyi.p[0, 1] == pytest.approx(np.mean(np.abs(sums) >= 2))


def test_more_tasks_follow_the_square_root(rng):
    values = rng.normal(size=(12, 3)) + np.array([0, 0.5, 3])
    tested = compare_over_tasks(values, TWELVE, "minimize")
    more = estimate_more_blocks(tested.nemenyi, TWELVE)
    assert more[0, 2] == 0
    size = abs(tested.nemenyi.statistic[0, 1])
    assert more[0, 1] == np.ceil(12 * (tested.nemenyi.critical / size) ** 2 - 12)


def test_results_are_the_same_every_time(rng):
    values = rng.normal(size=(20, 4))
    first, second = (compare_over_tasks(values, TaskSample.of(["a"] * 20), "minimize") for _ in range(2))
    np.testing.assert_array_equal(first.max_t.p, second.max_t.p)
    np.testing.assert_array_equal(first.nemenyi.p, second.nemenyi.p)
