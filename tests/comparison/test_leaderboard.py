"""What a leaderboard claims: over tasks like these, or on each task; ranks, tiers, intervals and p-values agree."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

import nasbench
from nasbench.cli import main
from nasbench.comparison.analysis import analyse
from nasbench.comparison.leaderboard import leaderboard
from nasbench.errors import UnknownName

GRAPHS = ["nbgraph-arxiv", "nbgraph-citeseer", "nbgraph-computers", "nbgraph-cora", "nbgraph-cs"]
TASKS = ["nb201-cifar10", "nb201-cifar100", *GRAPHS]
STRATEGIES = {
    "random_search": "random_search",
    "local_search": "local_search",
    "evolution": "regularized_evolution@nb201",
    "again": "random_search",
}
RUNS = 12
LIMITS = nasbench.Limits(trials=40)


def compare(path, tasks=TASKS, strategies=tuple(STRATEGIES), runs=RUNS, limits=LIMITS):
    chosen = {name: STRATEGIES[name] for name in strategies}
    return nasbench.compare(tasks, chosen, runs=runs, limits=limits, n_jobs=1, out=path / "record")


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return compare(tmp_path_factory.mktemp("seven"))


@pytest.fixture(scope="module")
def analysis(record):
    return analyse(record)


@pytest.fixture(scope="module")
def board(analysis):
    return leaderboard(analysis)


@pytest.fixture(scope="module")
def on_two(tmp_path_factory):
    return compare(tmp_path_factory.mktemp("two"), TASKS[:1] + GRAPHS[:1], runs=30)


def read_table(text, i):
    """The i-th table of a leaderboard as text: rows by heading."""
    lines = text.split("\n\n")[i].splitlines()
    ends = [match.span() for match in re.finditer("-+", lines[1])]
    heads, *rows = [[line[a:b].strip() for a, b in ends] for line in [lines[0], *lines[2:]]]
    return [dict(zip(heads, row, strict=True)) for row in rows]


def compute_levels(record):
    """Interquartile means of the recorded runs by scipy, ``[tasks, strategies]``; no run of these failed."""
    frame = record.to_pandas()
    levels = frame.groupby(["task", "strategy"]).normalized_regret.agg(lambda own: stats.trim_mean(own, 0.25))
    return levels.unstack().loc[record.tasks, record.strategies].to_numpy()


def test_ranks_are_those_of_the_printed_numbers_and_families_weigh_alike(record, board):
    """Two tasks of one family and five of another, computed again from the runs."""
    ranks = stats.rankdata(compute_levels(record), axis=1)
    weights = np.array([1 / 4] * 2 + [1 / 10] * 5)
    expected = dict(zip(record.strategies, weights @ ranks, strict=True))
    assert {row["strategy"]: row["average_rank"] for row in board.overall} == pytest.approx(expected)
    for row in board.tasks:
        i, j = record.tasks.index(row["task"]), record.strategies.index(row["strategy"])
        assert row["rank"] == ranks[i, j]


def test_the_table_is_sorted_by_the_printed_average_rank(board):
    shown = read_table(board.render("text"), 0)
    printed = [float(row["average rank"].split()[0]) for row in shown]
    assert printed == sorted(printed)
    tiers = [int(row["tier"]) for row in shown]
    assert tiers[0] == 1
    assert tiers == sorted(tiers)


@pytest.mark.parametrize("name", ["board", "on_two"])
def test_no_printed_number_contradicts_a_rank(name, request):
    shown = request.getfixturevalue(name)
    rows = read_table((shown if name == "board" else shown.leaderboard()).render("text"), 1)
    for task in {row["task"] for row in rows}:
        own = [row for row in rows if row["task"] == task]
        for heading in ("regret %", "normalised regret"):
            ranked = sorted((float(row["rank"].split()[0]), float(row[heading].split()[0])) for row in own)
            assert [value for _, value in ranked] == sorted(value for _, value in ranked)


def test_the_summary_over_tasks_by_hand(record, board):
    """Within and between tasks: standard deviations of runs, and of the means of tasks."""
    frame = record.to_pandas()
    weights = np.array([1 / 4] * 2 + [1 / 10] * 5)
    for row in board.overall:
        runs = frame[frame.strategy == row["strategy"]].pivot_table(index="task", columns="run", values="anytime")
        runs = runs.loc[record.tasks].to_numpy()
        means, summary = runs.mean(axis=1), row["anytime"]
        assert summary["mean"] == pytest.approx(np.average(means, weights=weights))
        assert summary["std_within"] == pytest.approx(np.sqrt(np.average(runs.var(axis=1, ddof=1), weights=weights)))
        between = np.average((means - summary["mean"]) ** 2, weights=weights) / (1 - (weights**2).sum())
        assert summary["std_between"] == pytest.approx(np.sqrt(between))
        assert summary["low"] <= summary["iqm"] <= summary["high"]
        assert summary["low"] < np.quantile(means, 0.5) < summary["high"]


def test_of_equal_weights_the_spread_between_tasks_is_the_usual_one(analysis):
    tasks = [replace(task, family="one") for task in analysis.tasks]
    for row in leaderboard(replace(analysis, tasks=tasks)).overall:
        at = analysis.strategies.index(row["strategy"])
        means = [task.metrics["anytime"][at].mean() for task in tasks]
        assert row["anytime"]["std_between"] == pytest.approx(np.std(means, ddof=1))


def test_no_interval_leaves_what_is_possible(analysis, board):
    for row in board.tasks:
        for summary in row["final"].values():
            assert not summary["n"] or 0 <= summary["low"] <= summary["iqm"] <= summary["high"] <= 1
        for name in ("simple_regret", "normalized_regret", "anytime"):
            assert 0 <= row[name]["low"] <= row[name]["iqm"] <= row[name]["high"]
    n = len(analysis.strategies)
    for row in board.overall:
        assert 0 <= row["normalized_regret"]["low"] <= row["normalized_regret"]["high"]
        assert 1 <= row["rank_low"] <= row["average_rank"] <= row["rank_high"] <= n


def test_another_contestant_changes_no_unadjusted_p_of_the_others(tmp_path, board):
    of_three = compare(tmp_path, strategies=("random_search", "local_search", "evolution")).leaderboard()
    before = {(row["strategy"], row["rival"]): row["p_sign_flip"] for row in of_three.pairs}
    after = {(row["strategy"], row["rival"]): row["p_sign_flip"] for row in board.pairs}
    assert len(before) == 3
    assert len(after) == 6
    assert before == {pair: after[pair] for pair in before}


@pytest.mark.parametrize("tasks", [TASKS, TASKS[:1] + GRAPHS[:1]])
def test_the_order_of_tasks_and_strategies_changes_no_number(tasks, tmp_path):
    boards = [
        leaderboard(analyse(compare(tmp_path / f"{step}", tasks[::step], list(STRATEGIES)[::step])), test="max_t")
        for step in (1, -1)
    ]
    for name, keys in (("overall", ("strategy",)), ("tasks", ("task", "strategy"))):
        rows, others = (
            {tuple(row[key] for key in keys): row for row in json.loads(board.render("json"))[name]} for board in boards
        )
        assert rows.keys() == others.keys()
        for key, row in rows.items():
            for column in row.keys() & {"rank", "average_rank", "tier", "wins", "p_against_best", "p_against_random"}:
                assert row[column] == pytest.approx(others[key][column], abs=1e-9), (key, column)


def test_of_equal_strategies_the_first_by_label_leads(analysis):
    def repeat_first(task):
        return replace(task, metrics={name: np.tile(own[:1], (len(own), 1)) for name, own in task.metrics.items()})

    equal = replace(analysis, tasks=[repeat_first(task) for task in analysis.tasks])
    board = leaderboard(equal)
    assert [row["strategy"] for row in board.overall] == sorted(STRATEGIES)
    assert {(row["tier"], row["average_rank"], row["wins"]) for row in board.overall} == {(1, 2.5, len(TASKS))}


def test_the_unadjusted_p_is_that_of_all_sign_flips(record, board):
    """Every flip of the seven differences, by a loop: their weighted mean in standard errors."""

    def standardize(d):
        mean = weights @ d
        return abs(mean) / np.sqrt(weights**2 @ (d - mean) ** 2 + mean**2 * (weights @ weights))

    levels, weights = compute_levels(record), np.array([1 / 4] * 2 + [1 / 10] * 5)
    for row in board.pairs:
        at = [record.strategies.index(row[key]) for key in ("strategy", "rival")]
        difference = levels[:, at[0]] - levels[:, at[1]]
        flips = [
            standardize(np.array([d * (1 - 2 * (k >> i & 1)) for i, d in enumerate(difference)])) for k in range(2**7)
        ]
        assert row["p_sign_flip"] == pytest.approx(np.mean(np.array(flips) >= standardize(difference) * (1 - 1e-9)))


@pytest.mark.parametrize("test", ["nemenyi", "max_t"])
def test_tiers_and_p_values_are_of_the_chosen_test(analysis, test):
    board = leaderboard(analysis, test=test)
    best = board.overall[0]["strategy"]
    pairs = {frozenset((row["strategy"], row["rival"])): row for row in board.pairs}
    for row in board.overall[1:]:
        pair = pairs[frozenset((best, row["strategy"]))]
        assert row["p_against_best"] == pair[f"p_{test}"]
        assert row["more_to_separate_from_best"] == pair[f"more_{test}"]
        if test == "nemenyi":
            assert (row["tier"] > 1) == (row["p_against_best"] <= 0.05) == (pair["more_nemenyi"] == 0)
    assert board.tests["test"] == test
    assert ("approximate" in board.render("text")) == (test == "max_t")
    assert board.overall[0]["p_against_best"] is None


def test_an_unknown_test_is_refused_before_anything_runs(record, tmp_path, capsys):
    with pytest.raises(UnknownName, match="did you mean 'nemenyi'"):
        record.leaderboard(test="nemeny")
    assert main(["leaderboard", str(record.path), "--test", "wilcoxon"]) == 1
    assert "unknown test over tasks 'wilcoxon'; known: max_t, nemenyi" in capsys.readouterr().err
    out = tmp_path / "none"
    assert main(["compare", "--task", TASKS[0], "--test", "wilcoxon", "--out", str(out)]) == 1
    assert not out.exists()
    assert main(["leaderboard", str(record.path), "--test", "max_t"]) == 0
    assert "by max-T by sign flips" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "kind"), [("--metric", "metric 'regert'"), ("--plot", "plot 'regert'; did you mean 'regret'?")]
)
def test_an_unknown_metric_or_plot_is_refused_before_anything_runs(option, kind, record, tmp_path, capsys):
    out = tmp_path / "none"
    assert main(["compare", "--task", TASKS[0], option, "regert", "--out", str(out)]) == 1
    assert not out.exists()
    assert main(["leaderboard", str(record.path), option, "regert"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count(f"unknown {kind}") == 2


def test_a_claim_says_over_what_it_is(analysis, board):
    text = board.render("text")
    assert "over tasks like these (7 tasks of 2 families)" in text
    assert "families weigh alike" in text
    assert board.tests["over"] == "7 tasks of 2 families"
    alone = [replace(task, family=task.name) for task in analysis.tasks]
    by_family = leaderboard(replace(analysis, tasks=alone))
    assert "families weigh alike" not in by_family.render("text")


def test_of_six_families_families_are_the_sample(analysis):
    """Two tasks of one family count as one: their average enters the tests."""
    tasks = [replace(task, family=f"family {max(i, 1)}") for i, task in enumerate(analysis.tasks)]
    board = leaderboard(replace(analysis, tasks=tasks))
    assert (board.tests["n_tasks"], board.tests["n_families"]) == (7, 6)
    assert (board.tests["sampled"], board.tests["n_sampled"]) == ("families", 6)
    levels = np.concatenate([analysis.levels[:2].mean(axis=0)[None], analysis.levels[2:]])
    for row in board.pairs:
        i, j = (analysis.strategies.index(row[key]) for key in ("strategy", "rival"))
        difference = levels[:, i] - levels[:, j]
        flips = [sum(d * (1 - 2 * (k >> f & 1)) for f, d in enumerate(difference)) for k in range(2**6)]
        assert row["p_sign_flip"] == pytest.approx(np.mean(np.abs(flips) >= abs(difference.sum()) * (1 - 1e-9)))
    text = board.render("text")
    assert "more families needed" in read_table(text, 0)[0]
    assert "over families like these (7 tasks of 6 families)" in text


def test_of_few_tasks_each_is_tested_for_itself(on_two):
    """The tests of scipy and statsmodels on the recorded runs; nothing is claimed over tasks."""
    board, frame = on_two.leaderboard(), on_two.to_pandas()
    pairs = [(a, b) for i, a in enumerate(on_two.strategies) for b in on_two.strategies[i + 1 :]]
    for task in on_two.tasks:
        own = [row for row in board.pairs if row["task"] == task]
        runs = {name: frame.normalized_regret[(frame.task == task) & (frame.strategy == name)] for name in STRATEGIES}
        raw = [
            max(
                stats.brunnermunzel(runs[a], runs[b]).pvalue,
                min(stats.mannwhitneyu(runs[a], runs[b], method=how).pvalue for how in ("exact", "asymptotic")),
            )
            for a, b in pairs
        ]
        assert [(row["strategy"], row["rival"]) for row in own] == pairs
        assert [row["p_brunner_munzel"] for row in own] == pytest.approx(raw)
        assert [row["p_holm"] for row in own] == pytest.approx(multipletests(raw, method="holm")[1])
    text = board.render("text")
    assert "nothing is claimed over tasks like these (2 tasks)" in text
    overall, tasks = (read_table(text, i) for i in range(2))
    assert not {"tier", "p to best", "p to random", "more tasks needed"} & overall[0].keys()
    assert not any("[" in row["average rank"] + row["normalised regret"] for row in overall)
    assert {"tier", "p to best", "p to random"} <= tasks[0].keys()
    for row in board.overall:
        assert math.isnan(row["rank_low"])
        assert row["tier"] is row["p_against_best"] is row["p_against_random"] is None


def test_places_on_a_task_hold_the_rank_and_follow_from_the_p_values(on_two):
    board = on_two.leaderboard()
    some = 0
    for task in on_two.tasks:
        rows = {row["strategy"]: row for row in board.tasks if row["task"] == task}
        better, worse = dict.fromkeys(rows, 0), dict.fromkeys(rows, 0)
        for pair in (pair for pair in board.pairs if pair["task"] == task and pair["p_holm"] <= 0.05):
            two = (pair["strategy"], pair["rival"])
            behind, ahead = sorted(two, key=lambda name: -rows[name]["normalized_regret"]["iqm"])
            better[behind] += 1
            worse[ahead] += 1
        some += sum(better.values())
        for name, row in rows.items():
            assert row["rank_low"] <= row["rank"] <= row["rank_high"]
            assert (row["rank_low"], row["rank_high"]) == (1 + better[name], len(rows) - worse[name])
            assert (row["tier"] == 1) == (row["p_against_best"] is None or row["p_against_best"] > 0.05)
    assert some  # otherwise nothing was tested


def test_a_place_contradicts_no_rank_where_test_and_mean_point_apart(on_two):
    """Most runs of ``a`` are a little better, but its middle half reaches far: significant, in the other direction."""
    analysis = analyse(on_two)
    n = analysis.tasks[0].failed.shape[1]
    a = np.where(np.arange(n) < 0.72 * n, 0.1, 0.9)
    values = np.stack([a, np.full(n, 0.12), np.full(n, 0.95), np.full(n, 0.96)]) + np.arange(n) * 1e-6
    tasks = [replace(t, metrics=t.metrics | {"normalized_regret": values}) for t in analysis.tasks]
    pairs = [replace_task(pair, tasks) for pair in analysis.pairs]
    board = leaderboard(replace(analysis, tasks=tasks, pairs=pairs))
    for row in board.tasks:
        assert row["rank_low"] <= row["rank"] <= row["rank_high"]
    assert board.pairs[0]["p_holm"] < 0.05
    first, second = board.tasks[:2]
    assert first["normalized_regret"]["iqm"] > second["normalized_regret"]["iqm"]
    assert (first["rank"], second["rank"]) == (2, 1)


def replace_task(pair, tasks):
    task = next(task for task in tasks if task.name == pair.task.name)
    return pair._replace(task=task, rank=float(task.rank_by("normalized_regret")[pair.at]))


def test_below_ten_runs_there_is_no_interval_and_no_test_on_a_task(tmp_path):
    board = compare(tmp_path, TASKS[:2], runs=9).leaderboard()
    text = board.render("text")
    tasks = read_table(text, 1)
    for row in tasks:
        assert row["normalised regret"].endswith(" [-]")
        assert row["regret %"].endswith(" [-]")
    assert not {"tier", "p to best"} & tasks[0].keys()
    assert "[-]: no interval and no test with fewer than 10 runs" in text
    assert "--runs 10" in text
    assert json.loads(board.render("json"))["tasks"][0]["normalized_regret"]["low"] is None


def test_below_ten_runs_of_many_tasks_only_the_intervals_are_missing(tmp_path):
    board = compare(tmp_path, runs=3, limits=nasbench.Limits(trials=5)).leaderboard()
    overall = read_table(board.render("text"), 0)
    assert all(row["average rank"].endswith(" [-]") for row in overall)
    assert all(row["tier"].isdigit() for row in overall)
    assert {"p to best", "p to random", "more tasks needed"} <= overall[0].keys()


def test_the_json_holds_every_p_value_and_what_they_are_over(board):
    data = json.loads(board.render("json"))
    assert data["tests"].keys() == {
        "over", "n_tasks", "n_families", "sampled", "n_sampled", "enough_tasks", "test", "friedman_p",
        "nemenyi_critical_difference", "max_t_critical_size",
    }  # fmt: skip
    assert data["pairs"][0].keys() == {
        "strategy", "rival", "rank_difference", "p_nemenyi", "p_max_t", "p_sign_flip", "more_nemenyi", "more_max_t",
    }  # fmt: skip
    assert len(data["pairs"]) == 6
    assert {"average_rank", "rank_low", "rank_high", "tier", "more_to_separate_from_best"} <= data["overall"][0].keys()
    ranks = {row["strategy"]: row["average_rank"] for row in data["overall"]}
    for pair in data["pairs"]:
        assert pair["rank_difference"] == pytest.approx(ranks[pair["strategy"]] - ranks[pair["rival"]])
    assert board.to_pandas("pairs").shape == (6, 8)
    critical = data["tests"]["nemenyi_critical_difference"]
    for pair in data["pairs"]:
        assert (abs(pair["rank_difference"]) > critical * (1 + 1e-9)) == (pair["p_nemenyi"] <= 0.05)


def test_runs_without_a_value_are_left_out_of_the_summary_over_tasks(analysis):
    """A metric of one's own may be undefined in some runs, and in all runs of a strategy."""
    holes = []
    for task in analysis.tasks:
        values = task.metrics["anytime"].copy()
        values[0, :2] = np.nan
        values[1] = np.nan
        holes.append(replace(task, metrics=task.metrics | {"anytime": values}))
    rows = {row["strategy"]: row for row in leaderboard(replace(analysis, tasks=holes)).overall}
    first, second, third = (rows[name]["anytime"] for name in analysis.strategies[:3])
    weights = np.array([1 / 4] * 2 + [1 / 10] * 5)
    assert first["mean"] == pytest.approx(weights @ [task.metrics["anytime"][0, 2:].mean() for task in analysis.tasks])
    assert first["low"] < first["iqm"] < first["high"]
    assert np.isnan([second[key] for key in ("mean", "std_within", "std_between", "iqm", "low", "high")]).all()
    before = {row["strategy"]: row for row in leaderboard(analysis).overall}
    whole = before[analysis.strategies[2]]["anytime"]
    assert third == whole | {"average_rank": third["average_rank"]}  # ranks beside others' missing values


def test_a_column_of_failures_appears_with_the_first_failure(on_two):
    analysis = analyse(on_two)
    assert "failed" not in read_table(leaderboard(analysis).render("text"), 0)[0]
    failed = analysis.tasks[0].failed.copy()
    failed[0, 0] = True
    tasks = [replace(analysis.tasks[0], failed=failed), *analysis.tasks[1:]]
    board = leaderboard(replace(analysis, tasks=tasks, pairs=[replace_task(pair, tasks) for pair in analysis.pairs]))
    shown = {row["strategy"]: row["failed"] for row in read_table(board.render("text"), 0)}
    assert shown == {"random_search": "1", "local_search": "0", "evolution": "0", "again": "0"}


def test_where_no_difference_could_be_significant_a_note_says_so(tmp_path, board):
    """One task weighs as much as the other six: the critical difference of two, 2.772 sqrt(.5 sum(w ** 2)), is 1.06."""
    two = analyse(compare(tmp_path, strategies=("random_search", "local_search")))
    tasks = [replace(task, family="one" if i == 0 else "others") for i, task in enumerate(two.tasks)]
    notes = leaderboard(replace(two, tasks=tasks)).notes
    told = "with 2 strategies on 7 tasks of 2 families, Nemenyi's test can give no p below 0.05, whatever the results"
    assert told in notes
    assert not any("whatever the results" in note for note in board.notes)
