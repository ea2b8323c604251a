"""How often verdicts are wrong, by simulation: the levels that are promised, within the error of each simulation."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

from nasbench.reproduction.cells import Fit
from nasbench.statistics.ranking import ALPHA

_SPEC = importlib.util.spec_from_file_location(
    "simulate_verdicts", Path(__file__).resolve().parents[2] / "benchmarks/simulate_verdicts.py"
)
simulate = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(simulate)

SKEWED_LEVEL = 0.07
"""Level of the test of equivalence for runs with a skewness of 2.8 and a kurtosis of 15; it is approximate there."""


@pytest.fixture
def times(request):
    """Number of repetitions: seconds in the normal tests, a few minutes with ``--everywhere``."""
    return 4000 if request.config.getoption("--everywhere") else 500


@pytest.fixture
def n(request):
    """Number of our runs; 10 and 40 are between others and take longer only with ``--everywhere``."""
    if request.param in (10, 40) and not request.config.getoption("--everywhere"):
        pytest.skip("one more number of runs: pytest --everywhere simulates it (make test-everywhere)")
    return request.param


def error_of(share, times):
    """Three and a half standard errors of a simulated share: one false alarm in some 4,000 assertions."""
    return 3.5 * math.sqrt(share * (1 - share) / times)


@pytest.mark.parametrize("shape", simulate.SHAPES)
@pytest.mark.parametrize("n", [20, 40, 150], indirect=True)
@pytest.mark.parametrize("offset", [1, -1])
def test_a_difference_of_exactly_the_tolerance_is_called_within_in_one_case_of_twenty(rng, times, shape, n, offset):
    level = ALPHA if shape == "normal" else SKEWED_LEVEL
    share = simulate.count_fits(rng, simulate.SHAPES[shape], offset, None, Fit.WITHIN, times, n)
    assert share <= level + error_of(level, times)


@pytest.mark.parametrize("offset", [1, -1])
def test_the_level_is_used_and_not_only_kept(rng, times, offset):
    """With many runs, a test that said "within" less often than its level would need more runs than necessary."""
    share = simulate.count_fits(rng, simulate.SHAPES["normal"], offset, None, Fit.WITHIN, 2 * times, 500)
    assert share == pytest.approx(ALPHA, abs=error_of(ALPHA, 2 * times))


def test_equal_means_are_found_within(rng, times):
    """The two one-sided tests have a power of 2 Phi(z) - 1, z = tolerance / error - 1.645: .96 at 500 runs each."""
    error = math.hypot(1 / math.sqrt(500), 1 / math.sqrt(500))
    z = simulate.TOLERANCE / error - 1.645
    power = math.erf(z / math.sqrt(2))
    share = simulate.count_fits(rng, simulate.SHAPES["normal"], 0, None, Fit.WITHIN, times, 500)
    assert share == pytest.approx(power, abs=error_of(power, times) + 0.005)


@pytest.mark.parametrize("shape", simulate.SHAPES)
@pytest.mark.parametrize("factor", [simulate.STD_RATIO, 1 / simulate.STD_RATIO])
def test_standard_deviations_at_the_limit_are_rarely_called_within(rng, times, shape, factor):
    share = simulate.count_fits(rng, simulate.SHAPES[shape], 0.0, factor, Fit.WITHIN, times, 150)
    assert share <= ALPHA + error_of(ALPHA, times)


@pytest.mark.parametrize("shape", simulate.SHAPES)
@pytest.mark.parametrize("n", [10, 20, 150], indirect=True)
@pytest.mark.parametrize("factor", [simulate.STD_RATIO, 1 / simulate.STD_RATIO])
def test_standard_deviations_at_the_limit_are_rarely_called_outside(rng, times, shape, n, factor):
    level = ALPHA if shape == "normal" else SKEWED_LEVEL
    share = simulate.count_fits(rng, simulate.SHAPES[shape], 0.0, factor, Fit.OUTSIDE, times, n)
    assert share <= level + error_of(level, times)


@pytest.mark.parametrize("shape", simulate.SHAPES)
@pytest.mark.parametrize("cells", [6, 9])
@pytest.mark.parametrize("n", [10, 20, 150], indirect=True)
def test_a_row_off_by_exactly_the_tolerance_is_rarely_called_not_reproduced(rng, times, shape, cells, n):
    share = simulate.count_rows(rng, simulate.SHAPES[shape], 1, cells, times // 2, n)
    assert share <= ALPHA + error_of(ALPHA, times // 2)


@pytest.mark.parametrize("shape", simulate.SHAPES)
@pytest.mark.parametrize("n", [2, 5], indirect=True)
def test_few_runs_never_give_a_verdict(rng, shape, n):
    for offset in (0, 1, 8):
        assert simulate.count_rows(rng, simulate.SHAPES[shape], offset, 6, 20, n) == 0
        assert simulate.count_fits(rng, simulate.SHAPES[shape], offset, 1.0, Fit.UNDECIDED, 20, n) == 1


@pytest.mark.parametrize("shape", simulate.SHAPES)
@pytest.mark.parametrize("n", [20, 150], indirect=True)
@pytest.mark.parametrize("kind", ["kept", "reversed"])
def test_where_there_is_no_order_it_is_rarely_kept_or_reversed(rng, times, shape, n, kind):
    share = simulate.count_orders(rng, simulate.SHAPES[shape], 0.0, kind, times, n)
    assert share <= ALPHA + error_of(ALPHA, times)


def test_a_clear_order_is_kept_and_a_reversed_one_found(rng):
    draw = simulate.SHAPES["normal"]
    assert simulate.count_orders(rng, draw, 0.5, "kept", 100, 150) > 0.9
    assert simulate.count_orders(rng, draw, -0.5, "reversed", 100, 150) > 0.9


def test_verdicts_on_growing_numbers_of_the_same_runs_rarely_contradict_each_other(rng, times):
    """Looks at 2, 12, 40, 150 and 500 runs: at most one false look of each kind in twenty per look."""
    contradictions = 0
    repeats = times // 5
    for _ in range(repeats):
        fits = set()
        theirs, values = rng.normal(0.0, 500**-0.5), rng.normal(0.2, 1.0, size=500)
        for n in (2, 12, 40, 150, 500):
            cell = simulate.ComparedCell(
                simulate.PublishedCell(theirs, 1.0), simulate.sample_of(values[:n]), simulate.TOLERANCE, None, 500
            )
            fits.add(simulate.judge_cells({"x": cell})["x"].fit)
        contradictions += {Fit.WITHIN, Fit.OUTSIDE} <= fits
    assert contradictions / repeats <= 4 * 2 * ALPHA


def test_the_printed_table_has_a_share_for_every_number_of_runs(capsys):
    simulate.RUNS, kept = (2, 10), simulate.RUNS
    try:
        simulate.main(2)
    finally:
        simulate.RUNS = kept
    lines = capsys.readouterr().out.splitlines()
    assert [cell.strip() for cell in lines[0].split("|")[3:-1]] == ["2 runs", "10 runs"]
    assert len(lines) == 2 + sum(1 for _ in simulate.list_cases(2))
    assert np.all([" ± " in line for line in lines[2:]])
