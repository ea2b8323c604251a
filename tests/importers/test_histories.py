"""Histories of other tools: each genuine file becomes a table with the tool's own numbers.

``histories/TOOL/make.py`` made the files with the tool, and wrote what the tool's own API says of them beside them.
"""

import contextlib
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.errors import GapsWarning, InvalidOption, NasbenchError, SourceError
from nasbench.importers import import_source
from nasbench.registry import IMPORTERS
from nasbench.table import Table
from nasbench.tasks import space_of
from nasbench.testing import check_importer

FILES = Path(__file__).parent / "histories"
CASES = {
    "optuna_study": ("optuna/study.db", "optuna/study.expected.json"),
    "optuna_study (journal)": ("optuna/journal.log", "optuna/journal.expected.json"),
    "smac3": ("smac3", "smac3/expected.json"),
    "hpbandster": ("hpbandster", "hpbandster/expected.json"),
    "syne_tune": ("syne_tune", "syne_tune/expected.json"),
    "neps": ("neps/searched", "neps/searched.expected.json"),
    "neps (rungs)": ("neps/rungs", "neps/rungs.expected.json"),
    "ax": ("ax/experiment.json", "ax/expected.json"),
}
REALS = {"lr": [1e-4, 1e-1], "width": [8, 256]}  # on a log scale in every script; width is a whole number


def make(case, **options):
    return IMPORTERS.load(case.partition(" ")[0])(**options)


def read(case, tmp_path, source=None, **options):
    importer = make(case, **options)
    table = import_source(importer, source or FILES / CASES[case][0], tmp_path / "table.h5", replace=True)
    return importer, table


def expected_of(case):
    return json.loads((FILES / CASES[case][1]).read_text())


def values_of(table, recipe, split, metric):
    """Return all values [n, s, t] of a column."""
    path = {"dataset": "data", "recipe": recipe, "split": split, "metric": metric}
    rows = np.arange(len(table))
    return np.stack([table.curves(rows, seed=s, **path) for s in table.describe(*path.values())["seeds"]], axis=1)


@pytest.mark.parametrize("case", CASES)
def test_importers_of_histories_keep_the_contract(case):
    check_importer(lambda: make(case), FILES / CASES[case][0])


@pytest.mark.parametrize("case", CASES)
def test_a_history_has_the_direction_the_best_and_the_costs_of_its_tool(case, tmp_path):
    importer, table = read(case, tmp_path)
    expected = expected_of(case)
    recipe, split, metric = importer.describe_task()["score"].split("/")
    scores = values_of(table, recipe, split, metric)[:, :, -1]
    sign = {"max": 1, "maximize": 1, "min": -1, "minimize": -1}[expected["direction"]]
    about = table.describe("data", recipe, split, metric)
    assert about["direction"] == ("maximize" if sign > 0 else "minimize")
    assert sign * np.nanmax(sign * scores) == pytest.approx(expected["best_value"], rel=1e-8)
    best = clean_best(case, expected["best"])
    row = table.index(space_of(table).read([best]))[0]
    assert sign * np.nanmax(sign * scores[row]) == pytest.approx(expected["best_value"], rel=1e-8)


def clean_best(case, best):
    """Return the tool's best configuration as decisions: without fidelities, categories by number where NePS does."""
    best = {name: value for name, value in best.items() if name != "epochs"}
    if case == "neps (rungs)":
        best["optimizer"] = ["sgd", "adam"].index(best["optimizer"])
    return best


@pytest.mark.parametrize("case", CASES)
def test_a_history_has_every_training_run_and_its_seconds(case, tmp_path):
    _, table = read(case, tmp_path)
    expected = expected_of(case)
    ended = [values_of(table, *path[1:]) for path in table.measurements if path[3] == "train_s"]
    last = [np.nanmax(np.where(np.isnan(own), -1.0, own), axis=2) for own in ended]
    assert sum(int((own >= 0).sum()) for own in last) == expected["n_trials"]
    if "total_s" in expected:
        assert sum(own[own >= 0].sum() for own in last) == pytest.approx(expected["total_s"], abs=0.05)
    if "n_configurations" in expected:
        assert len(table) == expected["n_configurations"]


@pytest.mark.parametrize("case", [case for case in CASES if case != "syne_tune"])
def test_a_training_run_without_a_result_has_seconds_but_no_score(case, tmp_path):
    importer, table = read(case, tmp_path)
    expected = expected_of(case)
    metric = importer.describe_task()["score"].split("/")[2]
    failed = 0
    for recipe in {path[1] for path in table.measurements}:
        seconds = values_of(table, recipe, "train", "train_s")[:, :, -1]
        failed += int((np.isfinite(seconds) & np.isnan(values_of(table, recipe, "valid", metric)[:, :, -1])).sum())
    without = expected["n_trials"] - expected["n_complete"] if "n_complete" in expected else expected["n_failed"]
    assert failed == without


@pytest.mark.parametrize("case", [case for case in CASES if case != "neps"])
def test_a_history_has_the_space_of_its_tool(case, tmp_path):
    _, table = read(case, tmp_path)
    decisions = table.space_options["decisions"]
    assert decisions["lr"] == {"real": REALS["lr"], "log": True}
    assert decisions["width"] == {"integer": REALS["width"], "log": True, "step": 1}
    assert decisions["depth"] == {"integer": [1, 3]}
    assert len(decisions["optimizer"]["categorical"]) == 2
    conditions = {own["decision"]: own for own in table.space_options.get("conditions", [])}
    if case not in ("syne_tune", "neps (rungs)"):  # these have no conditions
        assert conditions["momentum"] == {"decision": "momentum", "when": "optimizer", "is": ["sgd"]}
    if case.startswith("optuna"):
        assert conditions["skip"] == {"decision": "skip", "when": "depth", "is": [2, 3]}


def test_repeated_configurations_are_seeds(tmp_path):
    for case in ("optuna_study", "ax"):
        _, table = read(case, tmp_path)
        seconds = values_of(table, "trial", "train", "train_s")[:, :, -1]
        assert np.isfinite(seconds).sum(axis=1).max() == 2


def test_what_a_file_does_not_tell_is_inferred_and_said(tmp_path):
    importer, table = read("neps", tmp_path)
    assert any("inferred from the values seen" in remark for remark in importer.remarks)
    assert "inferred from the values seen" in table.notes
    assert table.space_options["decisions"]["lr"]["log"] is True
    declared = {"decisions": {"optimizer": {"categorical": ["sgd", "adam", "lion"]}, "lr": {"real": [1e-5, 1.0]}}}
    (tmp_path / "space.json").write_text(json.dumps(declared))
    importer, table = read("neps", tmp_path, space=str(tmp_path / "space.json"))
    assert table.space_options["decisions"]["lr"] == {"real": [1e-5, 1.0]}
    assert table.space_options["decisions"]["optimizer"]["categorical"] == ["sgd", "adam", "lion"]


def test_hpbandster_without_a_space_infers_the_condition(tmp_path):
    for name in ("results.json", "configs.json"):
        shutil.copy(FILES / "hpbandster" / name, tmp_path / name)
    _, table = read("hpbandster", tmp_path, source=tmp_path)
    assert table.space_options["conditions"] == [{"decision": "momentum", "when": "optimizer", "is": ["sgd"]}]
    assert table.space_options["decisions"]["lr"]["log"] is True


def test_budgets_that_are_not_whole_numbers_are_counted(tmp_path):
    shutil.copytree(FILES / "hpbandster", tmp_path / "h")
    results = tmp_path / "h" / "results.json"
    results.write_text(results.read_text().replace("], 1.0,", "], 1.5,"))
    importer, table = read("hpbandster", tmp_path, source=tmp_path / "h")
    assert "1 is budget 1.5, 2 is budget 3, 3 is budget 9" in " ".join(importer.remarks)
    assert table.describe("data", "budget1.5", "valid", "loss")["epochs"] == [1]


def test_the_csv_of_ax_needs_its_objective(tmp_path):
    with pytest.raises(InvalidOption, match="does not name its objective"):
        read("ax", tmp_path, source=FILES / "ax/trials.csv")
    importer, table = read("ax", tmp_path, source=FILES / "ax/trials.csv", objective="-loss")
    scores = values_of(table, *importer.describe_task()["score"].split("/"))
    assert np.nanmin(scores) == pytest.approx(expected_of("ax")["best_value"])
    assert set(table.space_options["decisions"]) == {"optimizer", "lr", "depth", "width", "batch", "momentum"}


def write_study(path, trials, directions=("MINIMIZE",), name="own"):
    """Write a storage as Optuna does, with the columns that the importer reads."""
    with closing(sqlite3.connect(path)) as base, base:
        base.executescript(
            "CREATE TABLE IF NOT EXISTS studies (study_id, study_name);"
            "CREATE TABLE IF NOT EXISTS study_directions (study_id, direction, objective);"
            "CREATE TABLE IF NOT EXISTS trials (trial_id, study_id, state, datetime_start, datetime_complete);"
            "CREATE TABLE IF NOT EXISTS trial_params (param_id, trial_id, param_name, param_value, distribution_json);"
            "CREATE TABLE IF NOT EXISTS trial_values (trial_id, objective, value);"
        )
        study = base.execute("SELECT count(*) FROM studies").fetchone()[0]
        first = base.execute("SELECT count(*) FROM trials").fetchone()[0]
        base.execute("INSERT INTO studies VALUES (?, ?)", (study, name))
        for k, direction in enumerate(directions):
            base.execute("INSERT INTO study_directions VALUES (?, ?, ?)", (study, direction, k))
        for number, (params, values) in enumerate(trials, start=first):
            times = ("2026-01-01 00:00:00", "2026-01-01 00:00:10.5")
            base.execute("INSERT INTO trials VALUES (?, ?, 'COMPLETE', ?, ?)", (number, study, *times))
            for place, (key, (value, kind, about)) in enumerate(params.items()):
                text = json.dumps({"name": kind, "attributes": about})
                base.execute("INSERT INTO trial_params VALUES (?, ?, ?, ?, ?)", (place, number, key, value, text))
            for k, value in enumerate(values):
                base.execute("INSERT INTO trial_values VALUES (?, ?, ?)", (number, k, value))


def test_the_distributions_of_older_releases_are_read(tmp_path):
    old = {
        "a": (0.3, "UniformDistribution", {"low": 0.0, "high": 1.0}),
        "b": (0.01, "LogUniformDistribution", {"low": 0.001, "high": 1.0}),
        "c": (0.3, "DiscreteUniformDistribution", {"low": 0.0, "high": 0.5, "q": 0.1}),
        "d": (4.0, "IntUniformDistribution", {"low": 0, "high": 8, "step": 2}),
        "e": (7.0, "IntLogUniformDistribution", {"low": 1, "high": 100, "step": 1}),
        "f": (1.0, "CategoricalDistribution", {"choices": [None, "a,b", "c=d"]}),
    }
    write_study(tmp_path / "old.db", [(old, [2.0]), (old | {"a": (0.4, *old["a"][1:])}, [1.0])])
    _, table = read("optuna_study", tmp_path, source=tmp_path / "old.db")
    assert table.space_options["decisions"] == {
        "a": {"real": [0.0, 1.0]},
        "b": {"real": [0.001, 1.0], "log": True},
        "c": {"ordinal": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]},
        "d": {"integer": [0, 8], "step": 2},
        "e": {"integer": [1, 100], "log": True, "step": 1},
        "f": {"categorical": ["None", "a;b", "c:d"]},
    }
    assert space_of(table).format(table.architectures)[0] == "a=0.3,b=0.01,c=0.3,d=4,e=7,f=a;b"
    assert values_of(table, "trial", "train", "train_s")[0, 0, 0] == 10.5


def test_a_study_with_two_objectives_and_two_studies_in_a_storage(tmp_path):
    x = [("FloatDistribution", {"low": 0.0, "high": 1.0, "log": False, "step": None})] * 2
    two = [({"x": (0.1, *x[0])}, [1.0, 5.0]), ({"x": (0.2, *x[1])}, [2.0, 4.0])]
    write_study(tmp_path / "two.db", two, ("MAXIMIZE", "MINIMIZE"), "both")
    importer, table = read("optuna_study", tmp_path, source=tmp_path / "two.db")
    assert importer.describe_task()["objectives"] == ["values_1"]
    assert table.static(np.arange(2), dataset="data", metric="values_1").tolist() == [5.0, 4.0]
    write_study(tmp_path / "two.db", two, ("MAXIMIZE", "MINIMIZE"), "more")
    with pytest.raises(InvalidOption, match="holds 2 studies: 'both', 'more'; choose one"):
        read("optuna_study", tmp_path, source=tmp_path / "two.db")
    _, table = read("optuna_study", tmp_path, source=tmp_path / "two.db", study="more")
    assert table.name == "more"


def test_a_decision_that_no_other_explains_gets_a_switch(tmp_path):
    real = ("FloatDistribution", {"low": 0.0, "high": 1.0, "log": False, "step": None})
    trials = [({"x": (0.1 * i, *real)} | ({"y": (0.5, *real)} if i % 2 else {}), [float(i)]) for i in range(1, 7)]
    write_study(tmp_path / "odd.db", trials)
    importer, table = read("optuna_study", tmp_path, source=tmp_path / "odd.db")
    assert table.space_options["conditions"] == [{"decision": "y", "when": "with_y", "is": [True]}]
    assert any("'with_y'" in remark for remark in importer.remarks)


def test_a_killed_journal_loses_only_its_last_line(tmp_path):
    text = (FILES / "optuna/journal.log").read_text()
    (tmp_path / "cut.log").write_text(text[:-40])
    importer, _ = read("optuna_study", tmp_path, source=tmp_path / "cut.log")
    assert "1 trials that had not ended are left out" in " ".join(importer.remarks)
    lines = text.splitlines(keepends=True)
    (tmp_path / "bad.log").write_text("".join([*lines[:5], "{\n", *lines[5:]]))
    with pytest.raises(SourceError, match="not a storage of Optuna"):
        read("optuna_study", tmp_path, source=tmp_path / "bad.log")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_are_refused_or_read_but_nothing_else(case, seed, tmp_path):
    source = FILES / CASES[case][0]
    copy = tmp_path / source.name
    shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
    rng = np.random.default_rng(seed)
    for path in [path for path in sorted(copy.rglob("*")) if path.is_file()] if copy.is_dir() else [copy]:
        data = bytearray(path.read_bytes())
        for _ in range(3):
            data[int(rng.integers(len(data)))] = int(rng.integers(256))
        path.write_bytes(bytes(data[: int(rng.integers(len(data) // 2, len(data)))]))
    with contextlib.suppress(NasbenchError):
        read(case, tmp_path, source=copy)


def test_every_importer_of_a_history_has_a_file_made_by_its_tool():
    from nasbench.importers._histories import HistoryImporter

    ours = {name for name in IMPORTERS.names() if issubclass(IMPORTERS.load(name), HistoryImporter)}
    assert ours == {case.partition(" ")[0] for case in CASES}
    assert all(path.stat().st_size < 50_000 for path in FILES.rglob("*") if path.is_file())


@pytest.mark.parametrize("case", [case for case in CASES if case != "neps (rungs)"])  # one complete training run
def test_a_history_becomes_a_task_that_is_searched(case, tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_HOME", str(tmp_path))
    assert main(["import", case.partition(" ")[0], str(FILES / CASES[case][0]), "--name", "mine"]) == 0
    task = nasbench.load_task("mine")
    assert (task.direction == "minimize") == (expected_of(case)["direction"] in ("min", "minimize"))
    if case not in ("optuna_study", "optuna_study (journal)", "ax"):  # the mean of repetitions is another number
        assert task.optimum.score == pytest.approx(expected_of(case)["best_value"])
    both = (3, 9) if case in ("smac3", "hpbandster") else ()  # budget 1 was skipped by most that reached budget 9
    assert task.epochs == (both or task.epochs)
    with pytest.warns(GapsWarning):
        record = nasbench.compare("mine", ["random_search"], runs=2)
    assert not any(run.failed for run in record.runs("mine", "random_search"))


def test_a_table_without_a_searchable_task_is_written_all_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NASBENCH_HOME", str(tmp_path))
    assert main(["import", "neps", str(FILES / "neps/rungs")]) == 0
    assert "the table is written, but no task" in capsys.readouterr().err
    assert (tmp_path / "tables/rungs.h5").exists()


def test_a_second_objective_is_one_of_the_task(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_HOME", str(tmp_path))
    x = ("FloatDistribution", {"low": 0.0, "high": 1.0, "log": False, "step": None})
    trials = [({"x": (0.1 * i, *x)}, [float(i), 9.0 - i]) for i in range(1, 8)]
    write_study(tmp_path / "two.db", trials, ("MAXIMIZE", "MINIMIZE"), "both")
    assert main(["import", "optuna_study", str(tmp_path / "two.db")]) == 0
    task = nasbench.load_task("both")
    assert [(own.name, own.direction) for own in task.objectives] == [
        ("values_0", "maximize"),
        ("values_1", "minimize"),
    ]


def test_options_follow_the_name_on_the_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("NASBENCH_HOME", str(tmp_path))
    source = str(FILES / "optuna/study.db")
    assert main(["import", "optuna_study,study=toy", source, "--name", "mine"]) == 0
    assert "mine" in Table(tmp_path / "tables/mine.h5").name
    assert "note: when 'momentum', 'skip' is active is inferred" in capsys.readouterr().err
    assert main(["import", "optuna_study,study=other", source]) == 1
    assert "unknown study in study.db 'other'; known: toy" in capsys.readouterr().err


def test_a_trial_that_failed_before_its_last_parameter_is_left_out(tmp_path):
    real = ("FloatDistribution", {"low": 0.0, "high": 1.0, "log": False, "step": None})
    op = ("CategoricalDistribution", {"choices": ["sgd", "adam"]})
    trials = [
        ({"x": (0.1 * i, *real), "op": (i % 2, *op)} | ({} if i % 2 else {"m": (0.5, *real)}), [float(i)])
        for i in range(6)
    ]
    trials += [({"x": (0.9, *real), "op": (0, *op)}, []), ({"x": (0.8, *real), "op": (1, *op)}, [])]
    write_study(tmp_path / "failed.db", trials)
    with closing(sqlite3.connect(tmp_path / "failed.db")) as base, base:
        base.execute("UPDATE trials SET state = 'FAIL' WHERE trial_id >= 6")
    _, table = read("optuna_study", tmp_path, source=tmp_path / "failed.db")
    assert table.space_options["conditions"] == [{"decision": "m", "when": "op", "is": ["sgd"]}]
    assert len(table) == 7  # the second one had all that adam needs
    assert "1 training runs without a complete configuration are left out" in table.notes
