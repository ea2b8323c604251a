"""Suggesting and telling on the command line, as the guide does it."""

import csv
import io
import json
import re

import pytest

from nasbench.cli import main

SPACE = """
[decisions]
op = { categorical = ["conv", "pool"] }
lr = { ordinal = [0.1, 0.01] }
depth = { integer = [1, 4] }
"""


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "space.toml").write_text(SPACE)

    def run(*arguments):
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_search_goes_through_two_files(run, tmp_path):
    begin = ("suggest", "s.jsonl", "--space", "space.toml", "--strategy", "random_search", "-n", "3")
    code, out, err = run(*begin)
    assert code == 0
    assert "nasbench tell s.jsonl RESULTS.csv" in err
    rows = rows_of(out)
    assert list(rows[0]) == ["id", "op", "lr", "depth", "score", "cost_s", "architecture"]
    (tmp_path / "todo.csv").write_text(out.replace(",,,", ",0.5,,", 1))
    code, out, err = run("tell", "s.jsonl", "todo.csv")
    assert (code, out.splitlines()) == (
        0,
        ["1 result told (id 0), 2 without a score left out", "waiting for results of ids 1, 2"],
    )
    for new in (True, False):  # the same result may be told again
        code, out, err = run("tell", "s.jsonl", "--id", "2", "--failed", "--json")
        told = json.loads(out)
        assert (told["told"], told["repeated"], told["pending"]) == ([2] if new else [], int(not new), [1])
    code, out, err = run("suggest", "s.jsonl", "--pending")
    assert [row["id"] for row in rows_of(out)] == ["1"]
    code, out, err = run("suggest", "s.jsonl", "--json")
    assert [record["id"] for record in json.loads(out)] == [3]
    code, out, err = run(*begin)
    assert [row["id"] for row in rows_of(out)] == ["4", "5", "6"]


def test_the_last_architecture_is_followed_by_the_end(run):
    code, out, _ = run("suggest", "s.jsonl", "--space", "space.toml", "--strategy", "exhaustive", "-n", "16")
    assert (code, len(rows_of(out))) == (0, 16)
    code, out, err = run("suggest", "s.jsonl")
    assert (code, out) == (1, "")
    assert err.startswith("error: s.jsonl: the search has finished: 0 results told")


def test_a_strategy_that_waits_says_for_what(run):
    arguments = ("--space", "space.toml", "--strategy", "hyperband", "--epochs", "1,3,9")
    code, out, err = run("suggest", "s.jsonl", *arguments, "-n", "12")
    assert 0 < len(rows_of(out)) < 12
    assert "the strategy waits for results of ids 0 to 8" in err
    code, out, err = run("suggest", "s.jsonl")
    assert (code, rows_of(out)) == (0, [])
    assert err == "0 of 1: the strategy waits for results of ids 0 to 8\n"


def test_trainings_are_given_at_the_start(run, tmp_path):
    (tmp_path / "own.csv").write_text("op,lr,depth,score,gpu\nconv,0.1,1,0.5,a\nconv,0.1,2,0.7,a\npool,0.1,2,,b\n")
    label = "bore,predictor='bayesian_linear_regression,encoding=one_hot,target=score',pool=random,n_init=2"
    code, out, err = run("suggest", "s.jsonl", "--space", "space.toml", "--strategy", label, "--from", "own.csv")
    assert code == 0
    assert "2 trainings of your own given, 1 without a score left out\nignored column: gpu\n" in err
    assert rows_of(out)[0]["architecture"] not in ("op=conv,lr=0.1,depth=1", "op=conv,lr=0.1,depth=2")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["suggest", "s.jsonl"], "does not exist; to begin a campaign, name its space"),
        (["suggest", "s.jsonl", "--space", "none.toml"], "none.toml cannot be read"),
        (["suggest", "s.jsonl", "--space", "space.toml", "-n", "0"], "at least 1"),
        (["suggest", "space.toml", "--space", "space.toml"], "is no campaign"),
        (["suggest", "nbgraph-cora", "--strategy", "bore"], "all 26,206 architectures|were trained"),
        (["suggest", "nbgraph-cora", "--from", "own.csv"], "--from: task 'nbgraph-cora' says this itself"),
        (["suggest", "s.jsonl", "--pending"], "s.jsonl does not exist"),
        (["tell", "s.jsonl", "--id", "1", "--score", "1"], "s.jsonl does not exist; 'nasbench suggest s.jsonl --space"),
        (["tell", "space.toml"], "nothing to tell"),
        (["tell", "space.toml", "--id", "1"], "give --score NUMBER, or --failed"),
        (["tell", "space.toml", "--id", "1", "--score", "1", "--failed"], "give --score NUMBER, or --failed"),
        (["tell", "space.toml", "r.csv", "--id", "1", "--score", "1"], "give either a file of results, or one result"),
    ],
)
def test_nonsense_is_one_line(run, tmp_path, arguments, complaint):
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert re.match(f"error: .*(?:{complaint})", err), err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "s.jsonl").exists() or "at least 1" in complaint
