"""What commands print and where they write, whatever the console, the folder and the outcome."""

import io
import json
import os
import subprocess
import sys

import pytest

import nasbench
from nasbench import cli
from nasbench.cli import main
from nasbench.comparison import Record
from nasbench.comparison.experiment import Limits
from nasbench.files import quote_word
from nasbench.records.failures import failures, reason_of

SEARCH = ["compare", "--task", "nbgraph-cora", "--trials", "3", "--jobs", "1"]


def console(encoding):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "utf-8"])
def test_pages_are_printed_whatever_the_code_page(encoding, monkeypatch):
    out, err = console(encoding), console(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    cli._write_everything()
    for arguments in (["list"], ["info", "one_plus_lambda"], ["reproduce", "list"], ["info", "no such Ω"]):
        main(arguments)
    out.flush()
    err.flush()
    shown = out.buffer.getvalue().decode("utf-8")
    assert "λ" in shown
    assert "no such Ω" in err.buffer.getvalue().decode("utf-8")


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "cp1252"},
        {"PYTHONIOENCODING": "ascii"},
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["cp1252", "ascii", "C"],
)
def test_commands_survive_a_console_that_knows_few_letters(environment, tmp_path):
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONIOENCODING", "LC_ALL")} | environment
    out = tmp_path / "földer"
    commands = [["info", "one_plus_lambda"], [*SEARCH, "--strategy", "random_search", "--runs", "2", "--out", str(out)]]
    for command in commands:
        done = subprocess.run([sys.executable, "-m", "nasbench", *command], env=env, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    assert "µs/trial" in done.stdout.decode("utf-8")
    assert "µs/trial" in (out / "leaderboard.txt").read_text(encoding="utf-8")


def test_another_experiment_without_a_place_gets_one_of_its_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for strategy, runs, place in (
        ("random_search", 2, "compare"),
        ("local_search", 2, "compare-2"),
        ("random_search", 3, "compare"),
        ("local_search", 1, "compare-2"),
        ("exhaustive", 1, "compare-3"),
    ):
        assert main([*SEARCH, "--strategy", strategy, "--runs", str(runs)]) == 0
        seen = capsys.readouterr()
        assert f"verify with: nasbench verify results/{place}\n" in seen.out
        assert ("results/compare holds another experiment" in seen.err) == (place != "compare")
    assert {path.name: Record(path).strategies for path in (tmp_path / "results").iterdir()} == {
        "compare": ["random_search"],
        "compare-2": ["local_search"],
        "compare-3": ["exhaustive"],
    }
    assert Record("results/compare").spec["runs"] == 3
    assert main([*SEARCH, "--strategy", "local_search", "--runs", "3", "--out", "results/compare"]) == 0
    assert Record("results/compare").strategies == ["random_search", "local_search"]  # where it is asked for


def test_another_evaluation_without_a_place_gets_one_of_its_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["--train-sizes", "10", "--runs", "1", "--test-size", "20", "--jobs", "1", "--protocol", "random"]
    for predictor, place in (("nu_svr", "predict"), ("random_forest,n_trees=3", "predict-2"), ("nu_svr", "predict")):
        assert main(["predict", "--task", "nbgraph-cora", "--predictor", predictor, *options]) == 0
        assert f"verify with: nasbench verify results/{place}\n" in capsys.readouterr().out


def test_a_folder_of_something_else_is_passed_over(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, file in (("compare", "thesis.tex"), ("compare-2", "spec.json")):
        (tmp_path / "results" / name).mkdir(parents=True)
        (tmp_path / "results" / name / file).write_text("{")
    assert main([*SEARCH, "--strategy", "random_search", "--runs", "1"]) == 0
    assert "nasbench verify results/compare-3" in capsys.readouterr().out


def test_a_command_to_type_is_quoted(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*SEARCH, "--strategy", "random_search", "--runs", "1", "--out", "my results"]) == 0
    told = capsys.readouterr().out.strip().splitlines()[-1].removeprefix("verify with: ")
    assert subprocess.run(f"{sys.executable} -m {told}", shell=True, check=False, capture_output=True).returncode == 0
    assert quote_word("plain-name_1.toml:x") == "plain-name_1.toml:x"


class Fails:
    def __init__(self, space, rng):
        self.space, self.rng = space, rng
        self.late = rng.random() < 0.5

    def ask(self, n):
        if self.late:
            raise ValueError("the second line\n  is not shown")
        raise RuntimeError("no idea")

    def tell(self, results): ...


def test_the_reasons_of_failed_runs_are_counted():
    record = nasbench.compare("nbgraph-cora", [Fails, "random_search"], runs=8, limits=Limits(trials=2))
    (pair,) = failures(record)
    assert (pair.n, pair.total) == (8, 8)
    assert dict(pair.reasons).keys() == {"ValueError: the second line", "RuntimeError: no idea"}
    assert sum(n for _, n in pair.reasons) == 8
    assert "8 of 8 runs of " in str(pair)
    assert "times)" in str(pair)


@pytest.mark.parametrize(
    ("traceback", "reason"),
    [
        ('Traceback (most recent call last):\n  File "a", line 1, in b\n    c()\nKeyError: 3\n', "KeyError: 3"),
        ('Traceback:\n  File "a", line 1\n    x\n    ^\nnasbench.errors.StrategyError: s: t\n', "StrategyError: s: t"),
        ('T:\n  File "a"\n    x\nA: 1\n\nDuring it:\n\nT:\n  File "b"\n    y\nB: 2\nmore\n', "B: 2"),
        ("only this", "only this"),
    ],
)
def test_a_traceback_ends_with_its_reason(traceback, reason):
    assert reason_of(traceback) == reason


def test_it_is_said_that_nothing_fitted_the_budget(tmp_path, capsys):
    command = ["compare", "--task", "nb201-cifar10", "--strategy", "random_search", "--runs", "1", "--jobs", "1"]
    assert main([*command, "--budget", "1", "--out", str(tmp_path / "small")]) == 0
    shown = capsys.readouterr().out
    assert "nan" not in shown
    assert "in 1 runs (random_search) no trial ended within the budget of 1 s" in shown
    assert main([*command, "--out", str(tmp_path / "one")]) == 0
    shown = capsys.readouterr().out
    assert "nan" not in shown
    assert "one run has no standard deviation" in shown


def test_the_headline_says_how_many_rows_could_be_judged(tmp_path, capsys):
    assert main(["reproduce", "run", "nb201_table5", "--runs", "2", "--jobs", "1", "--out", str(tmp_path)]) == 0
    rows = json.loads((tmp_path / "nb201_table5.json").read_text(encoding="utf-8"))["interpretations"]
    assert len(rows[0]["rows"]) == 10
    said = (
        "cannot be judged: fewer than half of the rows could be judged (1 of 10 rows judged; best of 4 interpretations"
    )
    assert said in capsys.readouterr().out
    assert main(["reproduce", "report", "--out", str(tmp_path)]) == 0
    assert f"Verdict: {said}; row 'ResNet (looked up)': best of 4)." in capsys.readouterr().out


def test_reproduce_lists_what_runs_now_and_what_the_rest_needs(capsys, home):
    assert main(["reproduce", "list", "--format", "json"]) == 0
    needs = {table["name"]: set(table["needs"]) for table in json.loads(capsys.readouterr().out)}
    assert needs["nbgraph_table1"] == set()
    assert needs["nb201_table5"] == {"nb201_epochs12", "nb201_test_epochs200"}
    assert "lstm_ptb.csv" in needs["learning_curves"]
    assert main(["reproduce", "list"]) == 0
    shown = capsys.readouterr().out
    assert "nothing: it runs now" in shown
    assert "needs table 'nb201_epochs12': get accuracy_epoch12.csv of https://github.com" in shown
