"""Records of searches as objects for people."""

import numpy as np
import pytest

import nasbench
from nasbench.errors import UnknownName

TASKS = ["nb201-cifar10", "nbgraph-cora"]


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    strategies = ["random_search", "local_search"]
    out = tmp_path_factory.mktemp("display") / "record"
    return nasbench.compare(TASKS, strategies, runs=3, limits=nasbench.Limits(trials=20), out=out)


def test_printing_says_what_was_compared_and_where_it_lies(record):
    lines = str(record).splitlines()
    assert len(lines) < 10
    assert lines[0].endswith("2 strategies x 2 tasks x 3 runs, seed 0")
    assert "12 of 12 done, none failed" in str(record)
    assert str(record.path) in str(record)
    assert "leaderboard()" in lines[-1]


def test_printing_says_what_failed_and_what_is_missing(tmp_path):
    class Fails:
        def __init__(self, space, rng):
            raise ValueError("not <today>")

    record = nasbench.compare(TASKS[1], [Fails], runs=2, limits=nasbench.Limits(trials=2), out=tmp_path / "out")
    assert "1 strategy x 1 task x 2 runs" in str(record)
    assert "2 of 2 done, 2 failed" in str(record)
    assert "ValueError: not <today>" in str(record)
    assert "not &lt;today&gt;" in record._repr_html_()
    record.spec["runs"] = 5
    assert "2 of 5 done" in str(record)
    assert "3 missing runs" in str(record).splitlines()[-1]


def test_a_notebook_shows_record_leaderboard_and_plots(record, tmp_path):
    assert record._repr_html_().startswith("<table>")
    board = record.leaderboard()
    assert "<td>local_search" in board._repr_html_()
    plots = record.plot(tmp_path / "plots")
    assert {path.name for path in plots.files} >= {"regret.png", "regret.svg", "rank.png"}
    assert all(path.stat().st_size > 1000 for path in plots.files)
    assert plots._repr_html_().count("data:image/png;base64,") == len(plots.files) / 2
    assert str(plots.files[0]) in str(plots)


def test_the_leaderboard_prints_and_becomes_data(record):
    board = record.leaderboard()
    assert isinstance(board, nasbench.Leaderboard)
    assert str(board).startswith("strategy")
    overall = board.to_pandas()
    assert overall["strategy"].tolist() == [row["strategy"] for row in board.overall]
    assert {"average_rank", "normalized_regret_iqm", "anytime_low"} <= set(overall.columns)
    assert len(board.to_pandas("tasks")) == 4
    with pytest.raises(UnknownName, match="overall"):
        board.to_pandas("overal")


def test_runs_become_a_data_frame(record):
    frame = record.to_pandas()
    assert len(frame) == 12
    assert list(frame.columns[:5]) == ["task", "strategy", "run", "failed", "final_valid"]
    rows = frame[(frame.task == "nb201-cifar10") & (frame.strategy == "local_search")]
    assert rows.run.tolist() == [0, 1, 2]
    task = nasbench.load_task("nb201-cifar10")
    for run, final in zip(record.runs("nb201-cifar10", "local_search"), rows.final_valid, strict=True):
        best = run.history.arch[[np.nanargmax(run.history.score)]]
        assert task.query(best) == pytest.approx([final])


def test_trials_become_a_data_frame(record):
    frame = record.to_pandas("trials")
    assert frame.groupby(["task", "strategy", "run"]).size().max() == 20
    first = frame[(frame.task == "nb201-cifar10") & (frame.strategy == "random_search") & (frame.run == 1)]
    (run,) = [run for run in record.runs("nb201-cifar10", "random_search") if run.number == 1]
    np.testing.assert_array_equal(first.cost_s, run.history.cost_s)
    task = nasbench.load_task("nb201-cifar10")
    np.testing.assert_array_equal(task.archs(first.architecture.tolist()), run.history.arch)
    with pytest.raises(UnknownName, match="trials"):
        record.to_pandas("trial")


def test_a_record_verifies_itself_and_by_its_folder(record):
    assert record.verify(sample=None).matches
    verdict = nasbench.verify(record.path, sample=1, seed=3)
    assert verdict.matches
    assert str(verdict) == "4 runs replayed: the record matches"
    opened = nasbench.open_record(record.path)
    assert isinstance(opened, nasbench.Record)
    assert opened.strategies == record.strategies
