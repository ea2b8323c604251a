"""Records in which runs are missing are shown, marked as such, and ranked where that is fair."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import combinations, product

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.comparison.analysis import analyse
from nasbench.comparison.progress import Progress
from nasbench.errors import RecordError

TASKS = ["nb201-cifar10", "nbgraph-cora"]
STRATEGIES = ["random_search", "local_search", "regularized_evolution"]
LIMITS = nasbench.Limits(trials=15)
RUNS = 4


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return nasbench.compare(TASKS, STRATEGIES, runs=RUNS, limits=LIMITS, out=tmp_path_factory.mktemp("whole") / "out")


def take_out(whole, path, missing):
    """A record that lacks some runs: (task, strategy) -> numbers."""
    record = nasbench.Record.open_or_create(path, whole.spec)
    pairs = [(task, strategy) for task in TASKS for strategy in STRATEGIES]
    record.replace_runs(
        {pair: [run for run in whole.runs(*pair) if run.number not in missing.get(pair, ())] for pair in pairs}
    )
    return nasbench.Record(path)


def test_a_contestant_without_runs_is_listed_and_the_others_are_ranked_as_before(whole, tmp_path):
    missing = {(task, "regularized_evolution"): range(RUNS) for task in TASKS}
    record = take_out(whole, tmp_path / "out", missing)
    board = record.leaderboard()
    of_two = nasbench.compare(TASKS, STRATEGIES[:2], runs=RUNS, limits=LIMITS, out=tmp_path / "two").leaderboard()
    assert not board.complete
    *ranked, last = board.overall
    assert [row["strategy"] for row in ranked] == [row["strategy"] for row in of_two.overall]
    for row, other in zip(ranked, of_two.overall, strict=True):
        assert row["average_rank"] == other["average_rank"]
        assert row["normalized_regret"] == pytest.approx(other["normalized_regret"], nan_ok=True)
        assert row["p_against_best"] == other["p_against_best"]
    assert (last["strategy"], last["finished"], last["planned"]) == ("regularized_evolution", 0, 2 * RUNS)
    text = str(board)
    assert text.startswith("UNFINISHED: 16 of 24 runs are done; not begun: regularized_evolution\n")
    assert "none of 8" in text
    data = json.loads(board.render("json"))
    assert data["complete"] is False
    assert data["progress"]["finished"][TASKS[0]] == {"random_search": 4, "local_search": 4, "regularized_evolution": 0}
    assert data["progress"]["ranked"]["strategies"] == STRATEGIES[:2]
    assert data["overall"][-1]["average_rank"] is None


def test_a_pair_that_is_half_done_shows_its_own_runs(whole, tmp_path):
    pair = (TASKS[1], "local_search")
    record = take_out(whole, tmp_path / "out", {pair: [1, 3]})
    board = record.leaderboard()
    (row,) = [row for row in board.tasks if (row["task"], row["strategy"]) == pair]
    all_runs = whole.to_pandas()
    own = (all_runs["task"] == pair[0]) & (all_runs["strategy"] == pair[1])
    assert row["runs"] == 2
    finals = all_runs["final_valid"][own & all_runs["run"].isin([0, 2])]
    assert row["final"]["valid"]["mean"] == pytest.approx(finals.mean())
    assert "2 of 4" in str(board)
    frame = record.to_pandas()
    kept = all_runs[~(own & all_runs["run"].isin([1, 3]))]
    assert len(frame) == len(kept) == len(all_runs) - 2
    for column in ("run", "architecture", "final_valid", "normalized_regret", "trials"):
        assert frame[column].tolist() == kept[column].tolist()
    assert len(record.best()) == 2


def test_a_task_that_was_not_begun_is_left_out(whole, tmp_path):
    record = take_out(whole, tmp_path / "out", {(TASKS[1], strategy): range(RUNS) for strategy in STRATEGIES})
    board = record.leaderboard()
    assert {row["task"] for row in board.tasks} == {TASKS[0]}
    assert [row["n_tasks"] for row in board.overall] == [1, 1, 1]
    assert "on 1 of 2 tasks" in str(board)
    assert record.best().task.tolist() == TASKS[:1]
    assert [path for path in record.plot(tmp_path / "plots").files if path.name == "regret.png"]


def test_a_complete_record_says_nothing_of_progress(whole):
    board = whole.leaderboard()
    assert board.complete
    assert board.head == []
    assert "runs done" not in str(board)
    assert json.loads(board.render("json"))["complete"] is True


def test_a_record_without_any_run_is_refused(whole, tmp_path):
    record = nasbench.Record.open_or_create(tmp_path / "out", whole.spec)
    with pytest.raises(RecordError, match="holds none of its 24 runs: run the same comparison again"):
        record.leaderboard()
    assert len(record.best()) == 0
    assert "0 of 24 done" in str(record)


def test_an_agreement_needs_every_run(whole, tmp_path, capsys):
    record = take_out(whole, tmp_path / "out", {(TASKS[1], "local_search"): [0]})
    assert main(["agreement", str(record.path), "--truth", TASKS[0], "--other", TASKS[1]]) == 1
    assert "holds 3 of 4 runs of local_search on nbgraph-cora" in capsys.readouterr().err
    with pytest.raises(RecordError, match="run the same comparison again to finish it"):
        analyse(record).progress.require_complete(record.path)


@pytest.mark.parametrize(
    ("done", "strategies", "tasks", "runs"),
    [
        # three strategies, two tasks, four runs: the second task was interrupted at its second strategy
        ([["1111", "1111", "1111"], ["1111", "1100", "0000"]], [0, 1, 2], [0], [0, 1, 2, 3]),
        # one strategy has a single run
        ([["1111", "1111", "1000"], ["1111", "1111", "0000"]], [0, 1], [0, 1], [0, 1, 2, 3]),
        # the two strategies with most runs share none
        ([["11110000", "00001110", "11100000"]], [0, 2], [0], [0, 1, 2]),
        # the two tasks with most runs share none
        ([["11110000"] * 3, ["00001110"] * 3, ["00001110"] * 3], [0, 1, 2], [1, 2], [4, 5, 6]),
        # only common runs
        ([["1110", "0111", "0110"]], [0, 1, 2], [0], [1, 2]),
        # nothing to compare
        ([["1111", "0000", "0000"]], [0], [0], [0, 1, 2, 3]),
        ([["1000", "0100", "0000"]], [0], [0], [0]),
    ],
)
def test_the_block_with_the_most_comparisons_is_ranked(done, strategies, tasks, runs):
    marks = np.array([[[mark == "1" for mark in pair] for pair in task] for task in done])
    progress = Progress([f"t{i}" for i in range(len(done))], ["a", "b", "c"], marks)
    block = progress.find_block()
    assert (block.strategies.tolist(), block.tasks.tolist(), block.runs.tolist()) == (strategies, tasks, runs)


def test_no_block_is_larger_than_the_one_found(rng):
    """Every block of four strategies, three tasks and four runs is tried."""
    for _ in range(30):
        done = rng.random((3, 4, 4)) < rng.uniform(0.3, 0.95)
        block = Progress(list("tuv"), list("abcd"), done).find_block()
        found = done[np.ix_(block.tasks, block.strategies, block.runs)]
        groups = [[chosen for k in range(1, n + 1) for chosen in combinations(range(n), k)] for n in done.shape]
        sizes = [
            (len(s) * (len(s) - 1) * len(t) * len(r), len(s) * len(t) * len(r))
            for t, s, r in product(*groups)
            if done[np.ix_(t, s, r)].all()
        ]
        assert found.all()
        assert (found.size * (len(block.strategies) - 1), found.size) == max(sizes, default=(0, 0))


@pytest.mark.slow
def test_a_comparison_killed_half_way_has_a_leaderboard(tmp_path):
    """The process dies without a chance to clean up; the leaderboard works from what it left."""
    out = tmp_path / "out"
    command = [
        sys.executable, "-m", "nasbench", "compare", "--task", TASKS[0], "--runs", "40", "--trials", "60",
        "--jobs", "1", "--strategy", "random_search", "--strategy", "local_search", "--strategy", "bananas",
        "--out", str(out),
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None:
        time.sleep(0.05)
        if (out / "spec.json").exists() and nasbench.Record(out).runs(TASKS[0], "local_search"):
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    record = nasbench.Record(out)
    shown = subprocess.run(
        [sys.executable, "-m", "nasbench", "leaderboard", str(out)], capture_output=True, text=True, check=False
    )
    n_done = sum(len(record.runs(TASKS[0], label)) for label in record.strategies)
    assert 40 < n_done < 120
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(f"UNFINISHED: {n_done} of 120 runs are done")
    assert "best architectures found" in shown.stdout
    assert (out / "plots" / "regret.png").exists()
