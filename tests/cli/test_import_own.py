"""``nasbench import table`` of one's own trainings: a table and a task, or a mapping with questions."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nasbench
from nasbench.cli import main

N = 40

pytestmark = pytest.mark.filterwarnings("ignore::nasbench.errors.GapsWarning")  # nobody trains all of a space


@pytest.fixture
def frame(rng):
    made = pd.DataFrame({"depth": rng.choice([2, 4], N), "activation": rng.choice(["relu", "gelu"], N)})
    return made.assign(lr=10 ** rng.uniform(-4, -1, N), val_acc=rng.uniform(60, 90, N), train_s=rng.uniform(5, 9, N))


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in a folder of its own; return its status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def command(*words):
        status = main(list(words))
        return status, *capsys.readouterr()

    return command


def test_one_command_makes_a_table_and_a_task(run, frame):
    frame.to_csv("my runs.csv", index=False)
    status, out, err = run("import", "table", "my runs.csv", "--name", "mine")
    assert status == 0, err
    assert "next: nasbench compare --task mine --strategy auto --strategy random_search" in out
    assert tomllib.loads(Path("my runs.map.toml").read_text())["source"] == "my runs.csv"
    task = nasbench.load_task("mine")
    assert task.optimum.score == pytest.approx(frame.val_acc.max() / 100)
    assert task.declaration["columns"]["score"] == "val_acc"
    status, out, err = run("compare", "--task", "mine", "--strategy", "random_search", "--runs", "2", "--jobs", "1")
    assert status == 0, err
    predictor = nasbench.make_predictor(task, "bayesian_linear_regression").fit(frame)  # in percent, as the file
    assert 60 < predictor.predict(frame)["mean"].mean() < 90


def test_repeated_rows_are_trainings(run, frame):
    pd.concat([frame, frame.assign(val_acc=frame.val_acc + 1)]).to_csv("x.csv", index=False)
    status, out, err = run("import", "table", "x.csv")
    assert status == 0, err
    assert "repeated architectures: trainings, numbered in the order of the rows" in out
    assert nasbench.load_task("x").observed.seeds == [0, 1]


def test_a_question_is_written_and_nothing_imported(run, frame, home):
    frame.rename(columns={"val_acc": "quality"}).to_csv("my runs.csv", index=False)
    status, out, err = run("import", "table", "my runs.csv")
    assert status == 1
    assert "nasbench import table 'my runs.csv' --map 'my runs.map.toml'" in out
    assert "--decisions depth,activation,lr --score COLUMN --cost train_s" in out
    assert "nothing is imported yet" in err
    assert not list(home.glob("t*/*"))
    words = ["import", "table", "my runs.csv", "--decisions", "depth, activation,lr", "--score", "quality"]
    status, _, err = run(*words)
    assert status == 1
    assert "say direction='maximize' or 'minimize' (--direction on the command line)" in err
    status, out, err = run(*words, "--direction", "maximize", "--cost", "train_s", "--name", "mine")
    assert status == 0, err
    assert "quality" in out
    assert nasbench.load_task("mine").budget_s == pytest.approx(13 * frame.train_s.mean(), rel=0.01)


def test_decimal_commas_and_semicolons(run, frame):
    frame.to_csv("x.csv", index=False, sep=";", decimal=",")
    status, _, err = run("import", "table", "x.csv", "--decisions", "depth,activation,lr", "--score", "val_acc")
    assert status == 0, err
    assert nasbench.load_task("x").optimum.score == pytest.approx(frame.val_acc.max() / 100)


def test_a_file_that_may_be_truncated_is_said(run, frame):
    Path("x.csv").write_text(frame.to_csv(index=False).rstrip("\n"))
    status, out, _ = run("import", "table", "x.csv", "--decisions", "depth,activation,lr", "--score", "val_acc")
    assert status == 0
    assert "its last line does not end with a newline" in " ".join(out.split())


def test_what_was_edited_is_kept(run, frame):
    frame.to_csv("x.csv", index=False)
    assert run("import", "table", "x.csv")[0] == 0
    assert run("import", "table", "x.csv")[0] == 0  # the same again
    mapping = Path("x.map.toml")
    mapping.write_text(mapping.read_text() + "# mine\n")
    status, _, err = run("import", "table", "x.csv")
    assert (status, "import by it with --map x.map.toml" in err) == (1, True)
    assert run("import", "table", "x.csv", "--map", "x.map.toml")[0] == 0
    frame.assign(val_acc=frame.val_acc[::-1].to_numpy()).to_csv("x.csv", index=False)
    status, _, err = run("import", "table", "x.csv", "--map", "x.map.toml")
    assert (status, "--replace" in err) == (1, True)
    assert run("import", "table", "x.csv", "--map", "x.map.toml", "--replace")[0] == 0


def test_a_table_that_leaves_a_choice_asks_for_an_option(run, frame):
    frame.assign(val_f1=np.linspace(0.1, 0.9, N), val_auc=np.linspace(0.9, 0.1, N)).drop(columns="val_acc").to_csv(
        "x.csv", index=False
    )
    assert run("import", "table", "x.csv", "--guess")[0] == 0
    status, out, err = run("import", "table", "x.csv", "--map", "x.map.toml", "--json")
    assert status == 0
    assert "task" not in json.loads(out)
    assert "no task: which column of table 'x' should a search observe?" in err
    status, out, err = run("import", "table", "x.csv", "--map", "x.map.toml", "--score", "val_auc", "--json")
    assert json.loads(out)["task"] == "x", err
    assert nasbench.load_task("x").optimum.score == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--decisions", "depth"], "with --score"),
        (["--decisions", "depth", "--score", "val_acc", "--guess"], "without --map and --guess"),
        (["--seed", "s"], "--seed needs --decisions and --score"),
        (["--decisions", "depth,depht", "--score", "val_acc"], "no column 'depht'; it has 'depth'"),
        (["--decisions", "depth,lr", "--score", "val_acc", "--name", "nb201"], "belongs to a shipped table"),
    ],
)
def test_wrong_options_are_explained(run, frame, words, says):
    frame.to_csv("x.csv", index=False)
    status, _, err = run("import", "table", "x.csv", *words)
    assert (status, says in err) == (1, True), err
