"""Predictors ranked and tested: over tasks, or on each task; what is printed is what decides."""

import json

import numpy as np
import pytest
from scipy import stats

import nasbench
from nasbench.evaluation.analysis import PredictionAnalysis, TaskPredictionAnalysis, analyse
from nasbench.evaluation.leaderboard import leaderboard
from nasbench.evaluation.metrics import LEVELS, METRICS
from nasbench.evaluation.ranking import (
    compare_runs_on_task,
    compute_least_difference,
    rank_predictors,
)
from nasbench.records.provenance import task_entry
from nasbench.statistics.over_tasks import compare_over_tasks
from nasbench.tasks.families import find_family, find_recorded_family


def build_analysis(tau, families=None, sizes=(20, 60), protocol="random"):
    """An analysis of the taus [tasks, predictors, sizes, runs] of tasks of these families, or each of its own."""
    n, n_sizes, runs = tau.shape[1:]
    shape = (n, n_sizes, runs)
    tests = [
        TaskPredictionAnalysis(
            name=f"task-{i}",
            family=families[i] if families else f"family-{i}",
            protocol=protocol,
            metrics={metric: own if metric == "kendall" else np.zeros(shape) for metric in METRICS},
            reliability=np.full((*shape, len(LEVELS)), np.nan),
            n_test=np.full(shape, 100),
            examples=[[None] * n_sizes] * n,
        )
        for i, own in enumerate(tau)
    ]
    names = [test.name for test in tests]
    costs = {name: dict.fromkeys(("fit_s", "predict_s", "peak_mb"), np.ones(shape)) for name in names}
    return PredictionAnalysis(
        predictors=[chr(ord("a") + i) for i in range(n)],
        sizes=list(sizes),
        tests=tests,
        costs=costs,
        failed={name: np.zeros(shape, dtype=bool) for name in names},
        labels="mean",
    )


@pytest.fixture
def tau(rng):
    """Eight tasks, four predictors, two sizes, five runs; the first is best, the last far behind."""
    levels = np.array([0.8, 0.79, 0.75, 0.4])[:, None, None]
    return levels + 0.02 * rng.standard_normal((8, 4, 1, 1)) + 0.01 * rng.standard_normal((8, 4, 2, 5))


def test_tasks_are_ranked_by_the_printed_mean_tau_and_families_weigh_alike(tau):
    families = ["a"] * 6 + ["b"] * 2
    board = leaderboard(build_analysis(tau, families))
    printed = {(row["task"], row["predictor"]): row["mean_tau"]["mean"] for row in board.sizes}
    means = np.array([[printed[f"task-{i}", name] for name in "abcd"] for i in range(8)])
    np.testing.assert_allclose(means, tau.mean(axis=(2, 3)))
    ranks = stats.rankdata(-means, axis=1)
    for row in board.overall:
        k = "abcd".index(row["predictor"])
        assert row["average_rank"] == pytest.approx((ranks[:6, k].mean() + ranks[6:, k].mean()) / 2)
        assert row["kendall"] == pytest.approx((means[:6, k].mean() + means[6:, k].mean()) / 2)
        assert row["rank_low"] <= row["average_rank"] <= row["rank_high"]
        assert row["kendall_low"] < row["kendall"] < row["kendall_high"]
    assert [row["average_rank"] for row in board.overall] == sorted(row["average_rank"] for row in board.overall)
    assert "8 tasks of 2 families" in board.render("text")


@pytest.mark.parametrize("test", ["nemenyi", "max_t"])
def test_claims_over_six_tasks_or_more_are_those_of_tests_over_tasks(tau, test):
    analysis = build_analysis(tau)
    board = leaderboard(analysis, test)
    found = compare_over_tasks(tau.mean(axis=(2, 3)), rank_predictors(analysis, "random").sample, "maximize")
    best = "abcd".index(board.overall[0]["predictor"])
    for row in board.overall[1:]:
        assert row["p_against_best"] == found.choose(test).p[best, "abcd".index(row["predictor"])]
    assert (board.overall[0]["tier"], board.overall[-1]["tier"]) == (1, max(row["tier"] for row in board.overall))
    assert board.overall[-1]["tier"] > 1
    assert board.overall[-1]["predictor"] == "d"
    data = json.loads(board.render("json"))
    assert len(data["pairs"]) == 6
    assert {"p_nemenyi", "p_max_t", "p_sign_flip", "rank_difference"} <= data["pairs"][0].keys()
    told = data["tests"]["random"]
    assert (told["n_tasks"], told["n_families"], told["sampled"], told["test"]) == (8, 8, "tasks", test)
    assert told["nemenyi_critical_difference"] == pytest.approx(found.nemenyi.critical)
    assert all(row["mean_tau"]["leads"] is None for row in board.sizes), (
        "no tests on tasks where there is one over them"
    )
    assert "more tasks needed" in board.render("text")


def test_an_unknown_test_is_refused(tau):
    with pytest.raises(nasbench.errors.UnknownName, match="unknown test over tasks 'wilcoxon'; known: max_t, nemenyi"):
        leaderboard(build_analysis(tau), "wilcoxon")


def test_fewer_than_six_tasks_are_each_for_itself(tau):
    """Paired t tests of scipy, times the steps of Holm's method."""
    board = leaderboard(build_analysis(tau[:5]))
    assert {row["tier"] for row in board.overall} == {row["p_against_best"] for row in board.overall} == {None}
    assert np.isnan([[row["rank_low"], row["kendall_low"]] for row in board.overall]).all()
    pairs = [row for row in board.pairs if (row["task"], row["train_size"]) == ("task-2", 60)]
    assert [(row["predictor"], row["rival"]) for row in pairs] == [
        tuple(pair) for pair in ("ab", "ac", "ad", "bc", "bd", "cd")
    ]
    own = dict(zip("abcd", tau[2, :, 1], strict=True))
    expected = [stats.ttest_rel(own[row["predictor"]], own[row["rival"]]).pvalue for row in pairs]
    np.testing.assert_allclose([row["p_paired_t"] for row in pairs], expected, rtol=1e-9)
    smallest = min(pairs, key=lambda row: row["p_paired_t"])
    assert smallest["p_holm"] == pytest.approx(6 * smallest["p_paired_t"])
    averaged = [row for row in board.pairs if (row["task"], row["train_size"]) == ("task-2", "mean")]
    mean = dict(zip("abcd", tau[2].mean(axis=1), strict=True))
    assert averaged[0]["p_paired_t"] == pytest.approx(stats.ttest_rel(mean["a"], mean["b"]).pvalue)
    text = board.render("text")
    assert "nothing is claimed over tasks like these (5 tasks)" in text
    assert "tier" not in text.split("\n\n")[0]
    (last,) = (row for row in board.sizes if (row["task"], row["predictor"]) == ("task-2", "d"))
    assert last["mean_tau"]["leads"] is False
    assert last["kendall"]["60"]["p_to_best"] < 0.05
    assert board.sizes[0]["mean_tau"]["leads"] is True
    assert " *" in text


@pytest.mark.parametrize("runs", [1, 2])
def test_two_runs_are_not_tested(tau, runs):
    board = leaderboard(build_analysis(tau[:2, ..., :runs]))
    assert np.isnan([[row["p_paired_t"], row["p_holm"]] for row in board.pairs]).all()
    assert "no test on a task over fewer than 3 runs" in board.notes
    assert "*" not in board.render("text").split("\n\n")[1]
    assert "[" not in board.render("text").split("\n\n")[1]


def test_a_task_without_a_defined_tau_is_left_out_and_named(tau):
    tau[3] = np.nan
    tau[5, :, 0, 2] = np.nan  # one run at one size
    board = leaderboard(build_analysis(tau))
    assert {row["n_tasks"] for row in board.overall} == {7}
    assert board.tests["random"]["left_out"] == ["task-3"]
    text = board.render("text")
    assert "left out of ranks and tests: task-3" in text
    assert "task-5, protocol random: mean tau leaves out 1 of 5 runs" in text
    (row,) = (row for row in board.sizes if (row["task"], row["predictor"]) == ("task-5", "a"))
    assert row["mean_tau"]["mean"] == pytest.approx(np.delete(tau[5, 0], 2, axis=1).mean())
    assert row["kendall"]["60"]["mean"] == pytest.approx(tau[5, 0, 1].mean())


def test_a_predictor_more_changes_no_unadjusted_p_value(tau):
    def read(board, column):
        return {(row["predictor"], row["rival"]): row[column] for row in board.pairs if row.get("train_size", 60) == 60}

    for tasks, column in ((8, "p_sign_flip"), (1, "p_paired_t")):
        few = read(leaderboard(build_analysis(tau[:tasks, :3])), column)
        more = read(leaderboard(build_analysis(tau[:tasks])), column)
        assert few == {pair: more[pair] for pair in few}


def test_where_no_result_could_be_significant_no_p_is_printed(tau):
    """Two families, one of a single task, which decides half of the average rank."""
    tau[:, 0] += 0.2
    board = leaderboard(build_analysis(tau[:6, :2], ["a"] + ["b"] * 5))
    assert not rank_predictors(build_analysis(tau[:6, :2], ["a"] + ["b"] * 5), "random").tests.nemenyi.can_separate
    assert {row["p_against_best"] for row in board.overall} == {None}
    assert any("can give no p below 0.05, whatever the results" in note for note in board.notes)
    assert "p to best" not in board.render("text")


def test_predictors_that_tie_on_every_task_are_tested_and_not_separated(rng):
    """Only a test that could separate nothing is left out: here p is 1 because the results are equal."""
    tau = np.repeat(rng.random((7, 1, 1, 5)), 3, axis=1)
    board = leaderboard(build_analysis(tau, sizes=(20,)))
    assert [row["p_against_best"] for row in board.overall] == [None, 1.0, 1.0]
    assert {row["tier"] for row in board.overall} == {1}
    assert not any("whatever the results" in note for note in board.notes)
    text = board.render("text")
    assert "nan" not in text
    assert ">100" not in text


def test_with_many_predictors_and_few_runs_it_is_said_what_a_difference_takes(rng):
    """With two degrees of freedom, |t| exceeds 1 / sqrt(a) with a small probability a; here a is .05 / 1,128 pairs."""
    assert compute_least_difference(48, 3) == pytest.approx(1 / np.sqrt(0.05 / 1128), rel=0.01)
    assert compute_least_difference(2, 5) == pytest.approx(2.776, abs=1e-3)  # any table of Student's t
    board = leaderboard(build_analysis(rng.random((1, 12, 1, 3)), sizes=(20,)))
    assert any(note.startswith("with 12 predictors and 3 runs, only a difference of") for note in board.notes)


def test_equal_predictors_are_rarely_separated_over_tasks(rng):
    """Two predictors that are equal on average, with task effects twice as large as those of a run; 6 and 12 tasks."""
    for n_tasks in (6, 12):
        false = 0
        for _ in range(400):
            tau = rng.standard_normal((n_tasks, 2, 2, 3)) + 2 * rng.standard_normal((n_tasks, 2, 1, 1))
            false += rank_predictors(build_analysis(0.5 + 0.01 * tau), "random").tests.nemenyi.p[0, 1] <= 0.05
        assert false / 400 <= 0.06 + 3 * np.sqrt(0.06 * 0.94 / 400)


@pytest.mark.parametrize(("n", "runs"), [(2, 3), (5, 5)])
def test_equal_predictors_are_rarely_separated_on_a_task(rng, n, runs):
    """Any false difference among ``n`` predictors that share training sets: .05 at most, for two just that."""
    n_sets = 1500
    tau = 0.5 + 0.02 * rng.standard_normal((n_sets, n, runs)) + 0.05 * rng.standard_normal((n_sets, 1, runs))
    share = np.mean([(compare_runs_on_task(own).p <= 0.05).any() for own in tau])
    error = 3 * np.sqrt(0.05 * 0.95 / n_sets)
    assert share <= 0.05 + error
    assert n > 2 or share >= 0.05 - error


def test_the_family_of_a_recorded_task_is_that_of_the_task(cifar10):
    for task in (cifar10, nasbench.load_task("nbgraph-cora"), nasbench.load_task("curves201-mnist1d")):
        assert find_recorded_family(task_entry(task.name, task)) == find_family(task)
    entry = task_entry("nb201-cifar10", cifar10)
    declared = entry | {"declaration": entry["declaration"] | {"family": "mine"}}
    assert find_recorded_family(declared) == "mine"
    own = entry | {"declaration": entry["declaration"] | {"space": "hyper"}, "tables": {"one": "", "two": ""}}
    assert find_recorded_family(own) == "one"


def test_a_record_knows_the_families_of_its_tasks(tmp_path):
    names = ["nbgraph-cora", "nb201-cifar10", "nbgraph-cs"]
    record = nasbench.evaluate(
        names,
        "bayesian_linear_regression",
        train_sizes=5,
        runs=1,
        test_size=20,
        protocols=("random",),
        out=tmp_path / "r",
    )
    assert [test.family for test in analyse(record).tests] == ["nbgraph", "nb201", "nbgraph"]
    assert record.leaderboard(test="max_t").tests["random"]["n_families"] == 2
