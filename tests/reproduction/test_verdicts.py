"""Verdicts: cells by tolerance and interval, rows by their cells and their place, tables by their worst row."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench.reproduction.samples import Sample, sample_of
from nasbench.reproduction.schema import PublishedCell, Row, Tolerance
from nasbench.reproduction.verdicts import ClaimVerdict, Fit, Judged, judge_cell, judge_overall, judge_row

NUMBER = st.floats(-100, 100)
STD = st.floats(0.01, 10)
ROW = Row("row", "original", {"kind": "none", "reason": ""}, {})


def cell(mean, ours, *, tolerance=0.5, std=None, ratio=None, runs=None, judged=True):
    return judge_cell(PublishedCell(mean, std), ours, tolerance, std_ratio=ratio, runs=runs, judged=judged)


@given(NUMBER, NUMBER, st.floats(0.01, 10))
def test_an_exact_value_is_within_or_outside_and_never_undecided(published, ours, tolerance):
    fit = cell(published, Sample(ours), tolerance=tolerance).fit
    assert fit is (Fit.WITHIN if abs(ours - published) <= tolerance else Fit.OUTSIDE)


@given(NUMBER, NUMBER, STD, st.integers(2, 1000), st.integers(2, 4))
def test_more_runs_of_the_same_never_take_a_decision_back(published, ours, std, n, times):
    few, many = (cell(published, Sample(ours, std, k)).fit for k in (n, n * times))
    assert few in (many, Fit.UNDECIDED)


@given(NUMBER, NUMBER, STD, st.integers(2, 1000))
def test_a_sign_changes_nothing(published, ours, std, n):
    assert cell(published, Sample(ours, std, n)).fit is cell(-published, Sample(-ours, std, n)).fit


@given(NUMBER, NUMBER, STD, st.integers(1, 500))
def test_what_is_unverified_is_shown_with_its_difference_and_not_judged(published, ours, std, n):
    shown = cell(published, Sample(ours, std, n), judged=False)
    assert shown.fit is Fit.SHOWN
    assert shown.difference == ours - published
    assert judge_row(ROW, {"a": shown}, []).verdict is ClaimVerdict.NONE


def test_too_few_runs_say_so():
    few = cell(10.0, sample_of(np.array([9.0, 11.0, 10.0])))
    assert few.fit is Fit.UNDECIDED
    assert "too few runs" in few.why
    assert cell(10.0, sample_of(np.array([10.0]))).fit is Fit.UNDECIDED
    row = judge_row(ROW, {"a": few}, [])
    assert (row.verdict, row.why) == (ClaimVerdict.NONE, f"a: {few.why}")


def test_a_difference_in_standard_errors_counts_both_sides():
    judged = cell(0.0, Sample(1.0, 3.0, 10), tolerance=5, std=4.0, runs=17)
    assert judged.standard_errors == pytest.approx(1 / math.hypot(3 / 3, 4 / 4))


@pytest.mark.parametrize(
    ("std", "n", "fit"),
    [(1.0, 500, Fit.WITHIN), (1.29, 10_000, Fit.WITHIN), (2.0, 500, Fit.OUTSIDE), (0.5, 500, Fit.OUTSIDE),
     (1.35, 60, Fit.UNDECIDED), (0.0, 500, Fit.OUTSIDE)],
)  # fmt: skip
def test_standard_deviations_are_compared_by_their_ratio(std, n, fit):
    ours = Sample(0.0, std, n)
    assert cell(0.0, ours, tolerance=9, std=1.0, ratio=1.3, runs=500).fit is fit
    assert cell(0.0, ours, tolerance=9, std=1.0, ratio=None, runs=500).fit is Fit.WITHIN


def test_the_standard_deviation_of_heavy_tails_is_known_less_well(rng):
    """Two samples of one distribution are told apart by their standard deviations in about one pair of twenty."""
    draws = rng.standard_t(6, size=(400, 2, 300))  # kurtosis 6; a normal's interval would be wrong in one of five

    def outside(theirs, ours):
        return (
            cell(0.0, sample_of(ours), tolerance=9, std=float(theirs.std()), ratio=1.0001, runs=300).fit is Fit.OUTSIDE
        )

    wrong = np.mean([outside(theirs, ours) for theirs, ours in draws])
    assert 0.01 < wrong < 0.1
    assert Sample(0.0, 1.0, 10).kurtosis == 3.0
    assert sample_of(np.array([0.0] * 99 + [1.0])).kurtosis == pytest.approx(
        1 / (0.01 * 0.99) - 3
    )  # of one in a hundred


def rows_of(*pairs, tolerance=0.5):
    return [{"a": cell(published, Sample(ours), tolerance=tolerance)} for published, ours in pairs]


def test_a_row_that_is_off_but_in_its_place_is_reproduced_in_ordering_only():
    first, second, third = rows_of((1.0, 1.1), (2.0, 2.8), (3.0, 3.1))
    assert judge_row(ROW, second, [first, third]).verdict is ClaimVerdict.ORDERING
    assert judge_row(ROW, first, [second, third]).verdict is ClaimVerdict.REPRODUCED
    over = rows_of((2.0, 3.5))[0]
    assert judge_row(ROW, over, [first, third]).verdict is ClaimVerdict.NOT


def test_a_row_alone_has_no_order_to_keep():
    (alone,) = rows_of((1.0, 9.0))
    assert judge_row(ROW, alone, []).verdict is ClaimVerdict.NOT
    shown = {"a": cell(2.0, Sample(10.0), judged=False)}
    assert judge_row(ROW, alone, [shown]).verdict is ClaimVerdict.NOT


def test_a_table_is_as_good_as_its_worst_row_that_could_be_judged():
    good, off, unknown = rows_of((1.0, 1.0), (2.0, 9.0))[0], rows_of((2.0, 9.0))[0], {"a": cell(1.0, None)}
    rows = [judge_row(ROW, good, [off]), judge_row(ROW, off, [good]), judge_row(ROW, unknown, [])]
    assert [row.verdict for row in rows] == [ClaimVerdict.REPRODUCED, ClaimVerdict.ORDERING, ClaimVerdict.NONE]
    assert judge_overall(rows) is ClaimVerdict.ORDERING
    assert judge_overall(rows[2:]) is ClaimVerdict.NONE
    assert judge_overall(rows[:1]) is ClaimVerdict.REPRODUCED


@given(st.floats(0.01, 5), st.floats(0.01, 5), st.floats(0, 1))
def test_a_tolerance_is_never_finer_than_what_was_printed(absolute, stds, rounding):
    tolerance = Tolerance("r", absolute, {"b": absolute}, stds)
    assert tolerance.of("a", PublishedCell(1.0), rounding) == max(absolute, rounding)
    assert tolerance.of("a", PublishedCell(1.0, 2.0), rounding) == max(2 * stds, rounding)
    assert tolerance.of("b", PublishedCell(1.0, 2.0), rounding) == max(absolute, rounding)


def test_nothing_is_said_of_a_cell_without_a_number():
    assert judge_cell(None, Sample(1.0), 1.0, std_ratio=None, runs=None, judged=False) == Judged(
        None, Sample(1.0), None, None, None, Fit.SHOWN
    )
