"""The architectures that a comparison found: the best one is chosen by what was observed, and shown everywhere."""

import json
import subprocess
import sys

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.comparison.columns import join_runs
from nasbench.comparison.found import collect_found
from nasbench.comparison.run import Run
from nasbench.comparison.task_runs import join_task_runs
from nasbench.errors import UnknownName
from nasbench.simulation import History
from nasbench.trials import Recommendation

TASKS = ["nb201-cifar10", "nbgraph-cora"]
STRATEGIES = ["random_search", "local_search"]


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    out = tmp_path_factory.mktemp("found") / "record"
    return nasbench.compare(TASKS, STRATEGIES, runs=3, limits=nasbench.Limits(trials=20), out=out)


def make_run(task, number, texts, scores, epochs=200, error="", recommended=()):
    n = len(texts)
    archs = task.space.parse(list(texts))
    history = History(
        np.arange(n), archs, np.broadcast_to(epochs, n).astype(np.int64), np.array(scores, dtype=float)[:, None],
        np.ones(n), np.arange(1.0, n + 1), np.zeros(n, dtype=bool),
    )  # fmt: skip
    told = tuple(Recommendation(float(n), task.space.parse([text])) for text in recommended)
    return Run(number, history, error, recommendations=told)


def found_in(task, runs, strategies):
    columns = join_runs(runs)
    return collect_found("mine", task, strategies, columns.number, join_task_runs(task, columns, {}))


A = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
B = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
C = "|nor_conv_1x1~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"


def test_the_best_is_the_best_observed_at_the_largest_epoch_whatever_is_reported():
    task = nasbench.load_task("nb201-cifar10")
    best = task.space.format(task.optimum.arch)[0]
    runs = [
        make_run(task, 0, [best, B], [0.80, 0.81]),  # the best by what is reported was observed to be worse
        make_run(task, 1, [C], [0.82]),
        make_run(task, 0, [A], [0.99], epochs=12),  # less trained
        make_run(task, 1, [A], [0.999], error="broke off"),
    ]
    found = found_in(task, runs, ["x", "x", "y", "y"])
    row = found.choose_best()
    assert (row["architecture"], row["strategy"], row["run"], row["observed"]) == (C, "x", 1, 0.82)
    assert row["reported"]["valid"] == task.query([C], "valid").item()
    assert (row["found_in"], row["runs"]) == (1, 4)
    assert found.list_texts() == [B, C, A, None]
    assert found.choose_best("y")["architecture"] == A
    assert found.choose_best("y", 1) is None
    assert found.choose_best("x", 0)["architecture"] == B


def test_isomorphic_architectures_count_as_one():
    task = nasbench.load_task("nb201-cifar10")
    moved = np.flatnonzero((task.space.canonicalize(task.space.rows) != task.space.rows).any(axis=1))[0]
    twin = task.space.format(task.space.rows[[moved]])[0]
    first = task.space.format(task.space.canonicalize(task.space.rows[[moved]]))[0]
    runs = [make_run(task, i, [text], [score]) for i, (text, score) in enumerate([(first, 0.5), (twin, 0.6), (B, 0.4)])]
    row = found_in(task, runs, ["x", "y", "y"]).choose_best()
    assert (row["architecture"], row["found_in"]) == (twin, 2)
    assert row["found_by"] == [{"strategy": "x", "runs": 1}, {"strategy": "y", "runs": 1}]


def test_a_recommendation_takes_the_place_of_the_best_observed():
    task = nasbench.load_task("nb201-cifar10")
    runs = [
        make_run(task, 0, [A, B, A], [0.9, 0.6, 0.8], recommended=[B, A]),
        make_run(task, 1, [B], [0.7], recommended=[C]),  # never trained
    ]
    found = found_in(task, runs, ["x", "x"])
    assert found.list_texts() == [A, C]
    np.testing.assert_allclose(found.observed, [0.85, np.nan])
    assert found.choose_best()["architecture"] == A
    assert np.isnan(found.choose_best("x", 1)["observed"])


def test_the_best_of_a_record_is_a_data_frame(record):
    frame = record.best()
    assert frame["task"].tolist() == TASKS
    trials = record.to_pandas("trials")
    for row in frame.itertuples():
        own = trials[trials.task == row.task]
        assert row.observed == own.observed.max()  # no strategy here recommends anything else
        assert row.architecture in set(own.architecture[own.observed == row.observed])
        task = nasbench.load_task(row.task)
        assert row.reported_valid == task.query([row.architecture], "valid").item()
    by_strategy = record.best("strategy")
    assert by_strategy[["task", "strategy"]].to_numpy().tolist() == [[t, s] for t in TASKS for s in STRATEGIES]
    assert by_strategy.groupby("task")["observed"].max().tolist() == frame.observed.tolist()
    with pytest.raises(UnknownName, match="kind of rows"):
        record.best("run")


def test_the_runs_have_their_architectures(record):
    frame = record.to_pandas()
    for row in frame.itertuples():
        task = nasbench.load_task(row.task)
        assert task.query([row.architecture], "valid").item() == pytest.approx(row.final_valid)


def test_the_leaderboard_shows_the_best_in_every_format(record):
    board = record.leaderboard()
    frame = record.best()
    assert board.to_pandas("best").equals(frame)
    assert json.loads(board.render("json"))["best"][1]["architecture"] == frame.architecture[1]
    for kind in ("text", "markdown", "latex", "html"):
        text = board.render(kind)
        assert "best architectures found" in text
        assert all(architecture in text for architecture in frame.architecture)
    assert all(architecture in str(record) for architecture in frame.architecture)
    assert frame.architecture[1] in record._repr_html_()
    assert frame.architecture[1] in board._repr_html_()


def test_architectures_are_never_broken_in_a_narrow_terminal(record):
    from nasbench.reports.folding import fold_tables

    text = fold_tables(str(record.leaderboard()), 80)
    assert all(f"  {architecture}" in text.splitlines() for architecture in record.best().architecture)


def test_a_record_without_its_table_is_printed(record, monkeypatch):
    from nasbench.errors import RecordError

    def fail(name):
        raise RecordError("the table is elsewhere")

    monkeypatch.setattr(record, "read_found", fail)
    assert "12 of 12 done" in str(record)
    assert "best" not in str(record)


def test_show_prints_and_draws_the_best(record, tmp_path, capsys):
    assert main(["show", str(record.path), "--draw", str(tmp_path / "new" / "it.png")]) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert all(f"  {architecture}" in lines for architecture in record.best().architecture)
    assert all(len(line) <= 80 for line in lines if "|" not in line)
    drawn = sorted((tmp_path / "new").iterdir())
    assert [str(path) for path in drawn] == sorted(told.err.splitlines())
    assert len(drawn) == 2
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)


def test_show_chooses_task_strategy_and_run(record, capsys):
    command = ["show", str(record.path), "--json", "--task", TASKS[1]]
    assert main([*command, "--strategy", "random_search", "--strategy", "local_search", "--run", "1"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["strategy"], row["run"], row["runs"]) for row in rows] == [(name, 1, 1) for name in STRATEGIES]
    frame = record.to_pandas()
    own = frame[(frame.task == TASKS[1]) & (frame.run == 1)].architecture.tolist()
    assert [row["architecture"] for row in rows] == own


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--task", "nb201-cifar100"], "unknown task of the record 'nb201-cifar100'"),
        (["--strategy", "local"], "did you mean|known: local_search, random_search"),
        (["--run", "7"], "the record has runs 0 to 2"),
        (["#5"], "is a record; architectures can be given for a task"),
        (["--draw", "picture.nonsense"], "unknown ending; expected one of"),
    ],
)
def test_show_refuses_nonsense(record, arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["show", str(record.path), *arguments]) == 1
    told = capsys.readouterr().err
    assert any(part in told for part in message.split("|"))
    assert not any(tmp_path.iterdir())


def test_show_says_what_it_takes(capsys, tmp_path):
    for source in (str(tmp_path), "nb201-cifar10"):
        assert main(["show", source]) == 1
        assert "expected the folder of one, or the name of a task followed by architectures" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("task", "text", "parameters"),
    [("nb201-cifar10", A, True), ("nbgraph-cora", "0012:gcn,cheb,gin,fc", False)],
)
def test_the_printed_python_runs(task, text, parameters, capsys, tmp_path):
    if parameters:
        pytest.importorskip("torch")
    assert main(["show", task, text, "--code"]) == 0
    code = capsys.readouterr().out + "print(*task.space.format(arch))\n"
    code += "print(sum(p.numel() for p in network.parameters()) > 0)\n" if parameters else ""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.splitlines() == [text, *["True"] * parameters], done.stderr


def test_the_python_of_a_task_of_one_s_own_opens_it_from_the_record(tmp_path, capsys, monkeypatch):
    from pathlib import Path

    shipped = Path(nasbench.__file__).parent / "tasks" / "nbgraph.toml"
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    nasbench.compare("own.toml:cora", ["random_search"], runs=1, limits=nasbench.Limits(trials=3), out="out")
    assert main(["show", "out", "--code"]) == 0
    code = capsys.readouterr().out
    assert "open_record" in code
    Path("own.toml").unlink()
    names: dict[str, object] = {}
    exec(code, names)
    assert names["task"].query(names["arch"]).shape == (1,)
