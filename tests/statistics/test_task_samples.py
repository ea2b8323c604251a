"""Families and their weights, computed by hand."""

import numpy as np
import pytest

from nasbench.statistics.sampling import TaskSample

EMBEDDED = TaskSample.of(["nb201"] * 3 + ["nbgraph"] * 9)
SIX = TaskSample.of(["a", "b", "b", "c", "d", "e", "e", "e", "f"])


def test_families_weigh_alike_and_so_do_the_tasks_of_a_family():
    np.testing.assert_allclose(EMBEDDED.weights, [1 / 6] * 3 + [1 / 18] * 9)
    np.testing.assert_allclose(SIX.weights, np.array([6, 3, 3, 6, 6, 2, 2, 2, 6]) / 36)


def test_weights_do_not_depend_on_the_order_of_tasks():
    mixed = TaskSample.of(["b", "a", "b", "b"])
    np.testing.assert_allclose(mixed.weights, [1 / 6, 1 / 2, 1 / 6, 1 / 6])


@pytest.mark.parametrize("sample", [EMBEDDED, SIX, TaskSample.of("a"), TaskSample.of("abcdefg"), TaskSample.of("aaab")])
def test_weights_sum_to_one(sample):
    assert sample.weights.sum() == pytest.approx(1)
    assert sample.block_weights.sum() == pytest.approx(1)
    assert sample.weights.shape == (sample.n_tasks,)


def test_below_six_families_tasks_are_the_unit():
    assert (EMBEDDED.unit, EMBEDDED.by_family, EMBEDDED.is_enough) == ("tasks", False, True)
    assert EMBEDDED.blocks.tolist() == list(range(12))
    assert EMBEDDED.n_effective == pytest.approx(1 / (3 / 36 + 9 / 324))  # 9


def test_from_six_families_on_families_are_the_unit():
    assert (SIX.unit, SIX.by_family, SIX.is_enough) == ("families", True, True)
    assert SIX.blocks.tolist() == [0, 1, 1, 2, 3, 4, 4, 4, 5]
    assert SIX.n_effective == pytest.approx(6)
    averaged = SIX.average_blocks(np.arange(9.0)[:, None])[:, 0]
    np.testing.assert_allclose(averaged, [0, 1.5, 3, 4, 6, 8])


@pytest.mark.parametrize(("n", "enough"), [(5, False), (6, True)])
def test_claims_over_tasks_need_six(n, enough):
    assert TaskSample.of(["a"] * n).is_enough is enough
    assert TaskSample.of("abcdef"[:n]).is_enough is enough


def test_a_family_is_drawn_as_a_whole_and_every_draw_has_as_many_blocks(rng):
    for sample, n_blocks in ((SIX, 6), (EMBEDDED, 12)):
        times = sample.resample(500, rng)
        assert times.shape == (500, sample.n_tasks)
        first = [sample.blocks.tolist().index(block) for block in range(n_blocks)]
        assert (times[:, first].sum(axis=1) == n_blocks).all()
        assert (times == times[:, first][:, sample.blocks]).all()


@pytest.mark.parametrize(
    ("families", "text"),
    [("a", "1 task"), ("aab", "3 tasks of 2 families"), ("aa", "2 tasks of 1 family"), ("abc", "3 tasks")],
)
def test_a_sample_says_what_it_is(families, text):
    assert TaskSample.of(families).describe() == text


def test_a_part_of_a_sample_has_weights_of_its_own():
    part = EMBEDDED.select([0, 3, 4])
    np.testing.assert_allclose(part.weights, [1 / 2, 1 / 4, 1 / 4])
    assert SIX.select([0, 1, 2]).unit == "tasks"
