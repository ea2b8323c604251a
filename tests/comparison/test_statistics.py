"""The analysis of a record, its leaderboard in every format, and its plots."""

import json

import numpy as np
import pandas as pd
import pytest

import nasbench
from nasbench.comparison.analysis import analyse
from nasbench.comparison.leaderboard import leaderboard
from nasbench.comparison.plots import draw_plot, write_plots
from nasbench.errors import UnknownName
from nasbench.registry import PLOTS
from nasbench.reports.display import write_leaderboard
from nasbench.reports.tables import FORMATS


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    out = tmp_path_factory.mktemp("board") / "record"
    return nasbench.compare(
        ["nbgraph-cora", "nb201-cifar10"],
        ["random_search", "local_search", "regularized_evolution@nb201"],
        runs=12,
        out=out,
    )


@pytest.fixture(scope="module")
def analysis(record):
    return analyse(record)


def test_the_analysis_is_what_a_loop_over_trials_finds(record, analysis):
    """Every final score and every point of a regret curve, computed again one trial at a time."""
    for name, entry in zip(record.tasks, analysis.tasks, strict=True):
        task = nasbench.load_task(name)
        scale = task.optimum.score - task.random_score
        for i, strategy in enumerate(record.strategies):
            for run in record.runs(name, strategy)[:3]:
                best, level, steps = -np.inf, 1.0, [(0.0, 1.0)]
                for arch, score, finish in zip(
                    run.history.arch, run.history.score[:, 0], run.history.finish_s, strict=True
                ):
                    if score > best:
                        best = score
                        level = (task.optimum.score - task.query(arch[None])[0]) / scale
                        steps.append((finish, level))
                assert entry.metrics["normalized_regret"][i, run.number] == pytest.approx(level)
                for at, value in list(zip(entry.grid * task.budget_s, entry.curves[i, run.number], strict=True))[::17]:
                    assert value == pytest.approx([level for time, level in steps if time <= at][-1])
                ends = [time for time, _ in steps[1:]] + [task.budget_s]
                area = sum((end - time) * level for (time, level), end in zip(steps, ends, strict=True))
                assert entry.metrics["anytime"][i, run.number] == pytest.approx(area / task.budget_s)


def test_curves_end_at_the_number_of_the_leaderboard(analysis):
    """To the bit, although the last trial may end a rounding error after the last point of the grid."""
    for task in analysis.tasks:
        np.testing.assert_array_equal(task.curves[..., -1], task.metrics["normalized_regret"])


def test_the_leaderboard_holds_the_plain_means(analysis):
    board = leaderboard(analysis)
    row = next(row for row in board.tasks if row["task"] == "nbgraph-cora" and row["strategy"] == "local_search")
    final = analysis.tasks[0].final["test"][1]
    assert row["final"]["test"]["mean"] == pytest.approx(final.mean())
    assert row["final"]["test"]["std"] == pytest.approx(final.std(ddof=1))
    assert row["final"]["test"]["low"] < row["final"]["test"]["iqm"] < row["final"]["test"]["high"]
    assert [row["average_rank"] for row in board.overall] == sorted(row["average_rank"] for row in board.overall)
    assert sum(row["average_rank"] for row in board.overall) == pytest.approx(6)


def test_every_format_is_written_and_reads_back(analysis, tmp_path):
    board = leaderboard(analysis)
    paths = write_leaderboard(board, tmp_path)
    assert {path.suffix for path in paths} == {".txt", ".md", ".tex", ".html", ".csv", ".json"}
    loaded = json.loads((tmp_path / "leaderboard.json").read_text())
    frame = pd.read_csv(tmp_path / "leaderboard.csv")
    assert frame["final_valid_mean"].tolist() == pytest.approx(
        [row["final"]["valid"]["mean"] for row in loaded["tasks"]]
    )
    for kind in FORMATS:
        assert "local_search" in board.render(kind).replace("\\_", "_")
    assert leaderboard(analysis).render("text") == board.render("text")
    with pytest.raises(UnknownName, match="did you mean 'latex'"):
        board.render("latecks")


def test_pictures_are_drawn_the_same_every_time(analysis, tmp_path):
    first, second = (write_plots(analysis, tmp_path / name) for name in "ab")
    names = {path.name for path in first}
    drawn = [name for name in PLOTS.names() if name != "critical_difference"]  # it needs six tasks
    assert names == {f"{name}.{ending}" for name in drawn for ending in ("png", "svg")}
    for a, b in zip(first, second, strict=True):
        assert a.stat().st_size > 5000
        assert a.read_bytes() == b.read_bytes()


def test_of_many_strategies_the_best_and_random_search_are_coloured(tmp_path):
    one_at_a_time = [f"one_plus_lambda,n_children={n}" for n in range(1, 14)]
    record = nasbench.compare("nbgraph-cora", ["random_search", *one_at_a_time], runs=2, out=tmp_path / "out")
    analysis = analyse(record)
    best = np.array(analysis.strategies)[np.argsort(analysis.levels[0], kind="stable")]
    lines = draw_plot("rank", analysis).axes[0].get_lines()
    assert len(lines) == 14
    named = {line.get_label() for line in lines if not line.get_label().startswith("_")}
    coloured = {"random_search", *[name for name in best if name != "random_search"][:11]}
    assert named == {*coloured, "2 others"}


def test_one_strategy_alone_has_a_leaderboard_and_pictures(tmp_path):
    record = nasbench.compare("nbgraph-cora", "random_search", runs=1, out=tmp_path / "out")
    analysis = analyse(record)
    assert "random_search" in leaderboard(analysis).render("text")
    assert {path.name for path in write_plots(analysis, tmp_path)} >= {"regret.png", "profile.svg"}


class Fails:
    def __init__(self, space, rng):
        raise RuntimeError("always")


def test_failed_runs_are_shown_and_cost_what_a_random_architecture_does(tmp_path):
    record = nasbench.compare("nbgraph-cora", [Fails, "random_search"], runs=3, out=tmp_path / "out")
    analysis = analyse(record)
    board = leaderboard(analysis)
    assert board.tasks[0]["failed"] == 3
    assert board.tasks[1]["failed"] == 0
    assert board.overall[0]["strategy"] == "random_search"
    assert board.tasks[0]["normalized_regret"]["mean"] == 1.0
    assert json.loads(board.render("json"))["tasks"][0]["final"]["valid"]["mean"] is None
    assert write_plots(analysis, tmp_path / "plots")


def test_nothing_but_failures_still_gives_a_leaderboard_and_pictures(tmp_path):
    analysis = analyse(nasbench.compare("nbgraph-cora", Fails, runs=2, out=tmp_path / "out"))
    assert "Fails" in leaderboard(analysis).render("text")
    assert write_plots(analysis, tmp_path / "plots")


class GivesUpWhenUnlucky:
    """Random search that raises unless a good score has appeared by trial 90."""

    def __init__(self, space, rng):
        self.space, self.rng, self.n, self.best = space, rng, 0, 0.0

    def ask(self, n):
        self.n += 1
        if self.n == 90 and self.best < 0.913:
            raise RuntimeError("unlucky")
        return nasbench.full_trainings(self.n, self.space.sample(1, self.rng))

    def tell(self, results):
        self.best = max(self.best, results.score.max())


def test_failing_when_unlucky_does_not_pay(tmp_path):
    record = nasbench.compare("nb201-cifar10", [GivesUpWhenUnlucky, "random_search"], runs=40, out=tmp_path / "out")
    board = leaderboard(analyse(record))
    assert board.tasks[0]["failed"] > 10
    assert board.overall[0]["strategy"] == "random_search"


def test_a_budget_too_small_for_one_training_is_analysed(tmp_path):
    from nasbench.comparison.experiment import Limits

    limits = Limits(seconds=100)
    analysis = analyse(nasbench.compare("nb201-cifar10", "random_search", runs=3, limits=limits, out=tmp_path / "out"))
    assert (analysis.tasks[0].metrics["normalized_regret"] == 1).all()
    assert leaderboard(analysis).render("text")
    assert write_plots(analysis, tmp_path / "plots")


@pytest.mark.parametrize("seconds", [1e9, float("inf")])
def test_of_several_limits_the_one_that_was_met_is_the_budget(tmp_path, seconds):
    from nasbench.comparison.experiment import Limits

    limits = Limits(seconds=seconds, trials=20)
    analysis = analyse(nasbench.compare("nb201-cifar10", "random_search", runs=3, limits=limits, out=tmp_path / "out"))
    assert analysis.tasks[0].budget == (20.0, "trials")


@pytest.mark.parametrize(("limits", "unit"), [({"trials": 20}, "trials"), ({"epochs": 20}, "epochs")])
def test_budgets_in_trials_and_epochs_are_analysed(tmp_path, limits, unit):
    from nasbench.comparison.experiment import Limits

    record = nasbench.compare("nbgraph-cora", "random_search", runs=3, limits=Limits(**limits), out=tmp_path / "out")
    task = analyse(record).tasks[0]
    assert task.budget == (20.0, unit)
    assert (task.metrics["trials"] == 20).all()
    np.testing.assert_allclose(task.curves[0, :, -1], task.metrics["normalized_regret"][0])
