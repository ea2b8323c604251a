"""Verdicts: cells by tolerance and error, rows by their cells and their place, tables by their rows."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench.reproduction import load_published
from nasbench.reproduction.cells import ComparedCell, Fit, Judged, judge_cells
from nasbench.reproduction.samples import Sample, describe_distribution, sample_of
from nasbench.reproduction.schema import PublishedCell, Row, Tolerance
from nasbench.reproduction.verdicts import ClaimVerdict, JudgedRow, judge_overall, judge_row, judge_table
from nasbench.statistics.intervals import LEAST_RUNS
from nasbench.statistics.ranking import ALPHA

NUMBER = st.floats(-100, 100)
STD = st.floats(0.01, 10)
ROW = Row("row", "original", {"kind": "none", "reason": ""}, {})


def judge(mean, ours, *, tolerance=0.5, std=None, ratio=None, runs=None, judged=True):
    return judge_cells({"a": ComparedCell(PublishedCell(mean, std), ours, tolerance, ratio, runs, judged)})["a"]


@given(NUMBER, NUMBER, st.floats(0.01, 10))
def test_an_exact_value_is_within_or_outside_and_never_undecided(published, ours, tolerance):
    fit = judge(published, Sample(ours), tolerance=tolerance).fit
    assert fit is (Fit.WITHIN if abs(ours - published) <= tolerance else Fit.OUTSIDE)


@given(NUMBER, NUMBER, STD, st.integers(2, 1000), st.integers(2, 4))
def test_more_runs_of_the_same_never_take_a_decision_back(published, ours, std, n, times):
    few, many = (judge(published, Sample(ours, std, k)).fit for k in (n, n * times))
    assert few in (many, Fit.UNDECIDED)


@given(NUMBER, NUMBER, STD, st.integers(2, 1000))
def test_a_sign_changes_nothing(published, ours, std, n):
    assert judge(published, Sample(ours, std, n)).fit is judge(-published, Sample(-ours, std, n)).fit


@given(NUMBER, st.lists(st.floats(-50, 50), min_size=1, max_size=LEAST_RUNS - 1))
def test_fewer_than_ten_runs_decide_nothing(published, values):
    judged = judge(published, sample_of(np.array(values)), std=1.0, ratio=1.3, runs=500)
    assert judged.fit is Fit.UNDECIDED
    assert judged.why == f"too few runs: {len(values)}, and at least 10 are needed"
    assert (judged.p_within, judged.p_outside, judged.standard_errors) == (None, None, None)
    assert sample_of(np.array(values)).interval is None
    row = judge_row(ROW, {"a": judged}, {})
    assert (row.verdict, row.why) == (ClaimVerdict.NONE, f"a: {judged.why}")


@given(NUMBER, st.floats(-100, 100), st.integers(LEAST_RUNS, 600))
def test_equal_runs_have_no_interval_of_zero_width(published, value, n):
    """Two runs of random search on Cora found 82.367 both, which said nothing of its mean."""
    equal = sample_of(np.full(n, value))
    assert equal.std == 0.0
    assert equal.interval is None
    judged = judge(published, equal)
    assert judged.fit is Fit.UNDECIDED
    assert "have the same value" in judged.why


def test_equal_runs_are_equal_whatever_their_rounding():
    values = np.array([0.1 + 0.2, 0.3] * 10)  # differ in the last bit
    assert len(set(values.tolist())) == 2
    assert sample_of(values).std == 0.0


@given(NUMBER, NUMBER, STD, st.integers(1, 500))
def test_what_is_unverified_is_shown_with_its_difference_and_not_judged(published, ours, std, n):
    shown = judge(published, Sample(ours, std, n), judged=False)
    assert shown.fit is Fit.SHOWN
    assert shown.difference == ours - published
    assert shown.p_within is None
    assert judge_row(ROW, {"a": shown}, {}).verdict is ClaimVerdict.NONE


def test_what_is_not_significantly_different_is_not_within():
    """A difference of 0.4 ± 0.3 is neither: an interval that holds 0 and the tolerance shows no equivalence."""
    assert judge(0.0, Sample(0.4, 1.5, 26)).fit is Fit.UNDECIDED
    assert judge(0.0, Sample(0.0, 1.5, 26)).fit is Fit.UNDECIDED
    assert judge(0.0, Sample(0.0, 1.5, 101)).fit is Fit.WITHIN
    assert judge(0.0, Sample(1.3, 1.5, 26)).fit is Fit.OUTSIDE


def test_a_difference_in_standard_errors_counts_both_sides():
    judged = judge(0.0, Sample(1.0, 3.0, 10), tolerance=5, std=4.0, runs=17)
    assert judged.standard_errors == pytest.approx(1 / math.hypot(3 / 3, 4 / 4))
    assert judge(0.0, Sample(1.0, 3.0, 10), tolerance=5, std=4.0).standard_errors == pytest.approx(1.0)  # runs unknown


def test_no_number_of_our_runs_decides_where_the_published_ones_are_too_few():
    assert judge(0.0, Sample(0.0), std=2.0, runs=3).fit is Fit.UNDECIDED
    for ours in (Sample(0.0), Sample(0.4, 1.0, 10_000)):
        assert judge(0.0, ours, std=2.0, runs=3).why.endswith("; too few published runs to be sure")
    assert judge(0.0, Sample(0.0, 5.0, 26)).why == "mean off by +0 (se 1), up to 0.5 allowed; too few runs to be sure"


@pytest.mark.parametrize(
    ("std", "n", "fit"),
    [(1.0, 500, Fit.WITHIN), (1.15, 10_000, Fit.WITHIN), (1.29, 10_000, Fit.UNDECIDED), (2.0, 500, Fit.OUTSIDE),
     (0.5, 500, Fit.OUTSIDE), (1.35, 60, Fit.UNDECIDED), (1.0, 20, Fit.UNDECIDED)],
)  # fmt: skip
def test_standard_deviations_are_equivalent_by_their_ratio(std, n, fit):
    ours = Sample(0.0, std, n)
    assert judge(0.0, ours, tolerance=9, std=1.0, ratio=1.3, runs=500).fit is fit
    assert judge(0.0, ours, tolerance=9, std=1.0, ratio=None, runs=500).fit is Fit.WITHIN


def test_an_exact_number_without_variation_is_outside_of_one_with_it():
    assert (
        judge(0.0, describe_distribution(np.zeros(4), np.full(4, 0.25)), std=1.0, ratio=1.3, runs=500).fit
        is Fit.OUTSIDE
    )


def test_the_moments_of_heavy_tails():
    """Of one in a hundred: skewness (1 - 2p) / sqrt(p (1 - p)), kurtosis 1 / (p (1 - p)) - 3."""
    values = np.array([0.0] * 99 + [1.0])
    exact = describe_distribution(values, np.full(100, 0.01))
    assert exact.skewness == pytest.approx(0.98 / math.sqrt(0.0099))
    assert exact.kurtosis == pytest.approx(1 / 0.0099 - 3)
    assert (exact.mean, exact.std, exact.is_exact) == (pytest.approx(0.01), pytest.approx(math.sqrt(0.0099)), True)
    seen = sample_of(values)
    assert seen.skewness == pytest.approx(exact.skewness * math.sqrt(100 * 99) / 98)
    assert seen.kurtosis >= exact.kurtosis  # about the trimmed mean
    assert Sample(0.0, 1.0, 10).kurtosis == 3.0


def test_cells_of_a_row_form_one_family():
    """What is outside alone is undecided among thirty others; exact numbers are no part of the family."""
    off = Sample(1.1, 1.0, 26)  # 3 standard errors beyond the tolerance
    cells = {str(i): ComparedCell(PublishedCell(0.0), Sample(0.0, 1.0, 26), 0.5) for i in range(30)}
    alone = judge_cells({"x": ComparedCell(PublishedCell(0.0), off, 0.5)})["x"]
    among = judge_cells({"x": ComparedCell(PublishedCell(0.0), off, 0.5), **cells})["x"]
    assert alone.fit is Fit.OUTSIDE
    assert among.fit is Fit.UNDECIDED
    assert among.p_outside == pytest.approx(31 * alone.p_outside)
    exact = {str(i): ComparedCell(PublishedCell(0.0), Sample(0.0), 0.5) for i in range(30)}
    assert (
        judge_cells({"x": ComparedCell(PublishedCell(0.0), off, 0.5), **exact})["x"].p_outside
        == alone.p_outside
        <= ALPHA
    )


def rows_of(*pairs, tolerance=0.5, std=None, runs=None):
    return [
        {
            "a": judge(
                published, ours if isinstance(ours, Sample) else Sample(ours), tolerance=tolerance, std=std, runs=runs
            )
        }
        for published, ours in pairs
    ]


def test_a_row_that_is_off_but_in_its_place_is_reproduced_in_ordering_only():
    first, second, third = rows_of((1.0, 1.1), (2.0, 2.8), (3.0, 3.1))
    placed = judge_row(ROW, second, {"1": first, "3": third})
    assert placed.verdict is ClaimVerdict.ORDERING
    assert "in the published order (2 comparisons)" in placed.why
    assert judge_row(ROW, first, {"2": second, "3": third}).verdict is ClaimVerdict.REPRODUCED
    over = rows_of((2.0, 3.5))[0]
    moved = judge_row(ROW, over, {"1": first, "3": third})
    assert moved.verdict is ClaimVerdict.NOT
    assert "order reversed: a below 3" in moved.why


def test_an_order_that_our_runs_do_not_show_is_undecided():
    """The published order, by 0.6 and in our means by 0.1, with an error of 0.28."""
    lower, upper = rows_of((1.0, Sample(4.0, 1.0, 26)), (1.6, Sample(4.1, 1.0, 26)))
    row = judge_row(ROW, upper, {"lower": lower})
    assert row.verdict is ClaimVerdict.NOT
    assert row.why.startswith("order undecided: a above lower; a: mean off by +2.5, up to 0.5 allowed")
    few = rows_of((1.0, Sample(4.0, 1.0, 9)))[0]
    clear = rows_of((1.6, Sample(6.0, 1.0, 26)))[0]
    assert judge_row(ROW, clear, {"lower": lower}).verdict is ClaimVerdict.ORDERING
    assert "order undecided" in judge_row(ROW, clear, {"lower": few}).why


def test_an_order_within_the_error_of_the_paper_is_no_order_to_keep():
    lower, upper = rows_of((1.0, Sample(4.0, 1.0, 26)), (1.1, Sample(3.0, 1.0, 26)), std=1.0, runs=26)
    assert judge_row(ROW, upper, {"lower": lower}).why.startswith("no published order to keep")
    lower, upper = rows_of((1.0, Sample(4.0, 1.0, 26)), (1.1, Sample(3.0, 1.0, 26)), std=1.0)  # runs unknown
    assert judge_row(ROW, upper, {"lower": lower}).why.startswith("no published order to keep")
    lower, upper = rows_of((1.0, Sample(4.0, 1.0, 26)), (1.1, Sample(3.0, 1.0, 26)), std=1.0, runs=10_000)
    assert judge_row(ROW, upper, {"lower": lower}).why.startswith("order reversed")


def test_the_order_of_two_kinds_of_correlation_says_nothing():
    """Kendall's is below Spearman's of nearly all columns: 12 such orders made a row "reproduced in ordering only"."""
    published = load_published("nb201_zero_cost")
    ours = [{"CIFAR-10": Sample(row.published["CIFAR-10"].mean)} for row in published.rows]
    (at,) = (i for i, row in enumerate(published.rows) if row.label == "parameters, Kendall")
    ours[at] = {"CIFAR-10": Sample(0.6)}  # published: .56, and NASWOT's .57
    row = judge_table(published, ours).rows[at]
    assert row.verdict is ClaimVerdict.NOT
    assert row.why.startswith("order reversed: CIFAR-10 below NASWOT, Kendall;")


def test_a_row_alone_has_no_order_to_keep():
    (alone,) = rows_of((1.0, 9.0))
    assert judge_row(ROW, alone, {}).verdict is ClaimVerdict.NOT
    shown = {"a": judge(2.0, Sample(10.0), judged=False)}
    assert judge_row(ROW, alone, {"other": shown}).verdict is ClaimVerdict.NOT


def make_row(verdict, label="row", *, comparable=True):
    return JudgedRow(Row(label, "original", {"kind": "none", "reason": ""}, {}), {}, verdict, "", comparable)


GOOD, ORDER, NOT, NONE = ClaimVerdict


def test_a_table_is_as_good_as_its_worst_row_that_could_be_judged():
    assert judge_overall([make_row(GOOD), make_row(ORDER), make_row(NONE)]).verdict is ORDER
    assert judge_overall([make_row(GOOD), make_row(NOT), make_row(ORDER)]).verdict is NOT
    assert judge_overall([make_row(GOOD)]).verdict is GOOD


@pytest.mark.parametrize(("judged", "verdict"), [(2, GOOD), (1, NONE)])
def test_below_half_of_its_comparable_rows_a_table_cannot_be_judged(judged, verdict):
    rows = [make_row(GOOD)] * judged + [make_row(NONE)] * (4 - judged) + [make_row(NONE, comparable=False)] * 9
    table = judge_overall(rows)
    assert (table.verdict, table.n_comparable, len(table.judged)) == (verdict, 4, judged)
    assert table.why == ("" if verdict is GOOD else "fewer than half of the rows could be judged")


def test_a_table_without_a_comparable_row_says_so():
    table = judge_overall([make_row(NONE, comparable=False)] * 3)
    assert table.verdict is NONE
    assert "independent of our own calculations" in table.why


def test_a_table_is_not_reproduced_before_the_row_that_the_paper_is_about():
    rows = [make_row(GOOD), make_row(ORDER), make_row(GOOD), make_row(NONE, "REA")]
    assert judge_overall(rows, ["REA"]).verdict is NONE
    assert judge_overall(rows, ["REA"]).why == "REA, which the paper is about, cannot be judged"
    assert judge_overall(rows).verdict is ORDER
    assert judge_overall([*rows[:3], make_row(GOOD, "REA")], ["REA"]).verdict is ORDER
    assert judge_overall([*rows[:2], make_row(NOT), rows[3]], ["REA"]).verdict is NOT  # worse than unknown


@given(st.floats(0.01, 5), st.floats(0.01, 5), st.floats(0, 1))
def test_a_tolerance_is_never_finer_than_what_was_printed(absolute, stds, rounding):
    tolerance = Tolerance("r", absolute, {"b": absolute}, stds)
    assert tolerance.of("a", PublishedCell(1.0), rounding) == max(absolute, rounding)
    assert tolerance.of("a", PublishedCell(1.0, 2.0), rounding) == max(2 * stds, rounding)
    assert tolerance.of("b", PublishedCell(1.0, 2.0), rounding) == max(absolute, rounding)


def test_nothing_is_said_of_a_cell_without_a_number():
    judged = judge_cells(
        {"a": ComparedCell(None, Sample(1.0), 1.0, judged=False), "b": ComparedCell(PublishedCell(1.0), None, 1.0)}
    )
    assert judged["a"] == Judged(None, Sample(1.0), Fit.SHOWN)
    assert judged["b"] == Judged(PublishedCell(1.0), None, Fit.SHOWN)
