"""Comparisons of strategies that train partially: who is told of epochs, what is recorded, and what is refused."""

import numpy as np
import pytest

import nasbench
from nasbench.backends.checkpoints import Checkpoints
from nasbench.cli import main
from nasbench.comparison import Record, compare
from nasbench.comparison.analysis import analyse
from nasbench.comparison.columns import join_runs
from nasbench.comparison.experiment import Experiment, Limits
from nasbench.comparison.task_runs import join_trials
from nasbench.comparison.verify import verify
from nasbench.errors import InvalidOption, RecordError
from nasbench.metrics import compute_spent
from nasbench.registry import SPACES
from nasbench.strategies.model_based.switching import Switching
from nasbench.strategies.model_free.random_search import RandomSearch
from nasbench.table import Measurement, TableBuilder, write_table

DECLARATION = """
title = "Curves by a formula"
version = 1
space = "nb201"
table = "formula"
dataset = "data"
recipe = "epochs9"
metric = "accuracy"
observed = "valid"
reported = ["valid"]
cost = 9.0
budget_s = 900
[tasks.curves]
"""
LABELS = ["hyperband", "asha,eta=3", "random_search"]


@pytest.fixture
def task(home, tmp_path, rng):
    """The name of a task of all NAS-Bench-201 cells, nine epochs of a second each, rising by a formula."""
    rows = SPACES.load("nb201")().rows
    end, rate = rng.random((2, len(rows), 1, 1))
    curves = Measurement(
        dataset="data",
        recipe="epochs9",
        split="valid",
        metric="accuracy",
        unit="fraction",
        direction="maximize",
        values=end * (1 - np.exp(-(0.2 + rate) * np.arange(1, 10))),
        seeds=np.array([0]),
        epochs=np.arange(1, 10),
    )
    about = dict.fromkeys(("title", "citation", "licence", "source", "notes"), "a formula")
    path = home / "tables/formula.h5"
    path.parent.mkdir(parents=True)
    cardinality = np.full(6, 5)
    write_table(
        TableBuilder(
            name="formula", space="nb201", architectures=rows, cardinality=cardinality, measurements=[curves], **about
        ),
        path,
    )
    (tmp_path / "formula.toml").write_text(DECLARATION)
    return f"{tmp_path / 'formula.toml'}:curves"


def test_a_comparison_tells_the_epochs_and_its_record_verifies(task, tmp_path):
    limits, checkpoints = Limits(seconds=200), Checkpoints(restart_s=3.0)
    record = compare(task, LABELS, runs=3, limits=limits, n_workers=4, checkpoints=checkpoints, out=tmp_path / "out")
    assert not any(run.failed for label in LABELS for run in record.runs(task, label))
    for label in LABELS[:2]:
        epochs = np.concatenate([run.history.epoch for run in record.runs(task, label)])
        assert set(epochs.tolist()) == {1, 3, 9}
    assert record.spec["checkpoints"] == {"restart_s": 3.0, "kept": True}
    assert record.spec["strategies"]["hyperband"]["options"] == {}, "what is filled in is no option"
    verdict = verify(Record(tmp_path / "out"), sample=None, rng=np.random.default_rng(0))
    assert verdict.matches
    assert verdict.replayed == 9
    assert Experiment.from_spec(record.spec).checkpoints == checkpoints


def test_other_checkpoints_are_another_experiment(task, tmp_path):
    compare(task, "asha", runs=1, limits=Limits(seconds=50), out=tmp_path / "out")
    assert "checkpoints" not in Record(tmp_path / "out").spec, "as records before there were any"
    with pytest.raises(RecordError, match="checkpoints = nothing there"):
        compare(
            task, "asha", runs=1, limits=Limits(seconds=50), checkpoints=Checkpoints(kept=False), out=tmp_path / "out"
        )


def test_a_budget_of_epochs_counts_those_that_are_new(task, tmp_path):
    record = compare(task, ["asha,eta=3"], runs=2, limits=Limits(epochs=100), out=tmp_path / "out")
    for run in record.runs(task, "asha,eta=3"):
        # an epoch is a second of work
        spent = compute_spent(join_trials(join_runs([run])))["epochs"]
        np.testing.assert_allclose(spent, np.cumsum(run.history.cost_s))
        assert 100 <= spent[-1] < 109
    assert analyse(record).tasks[0].budget == (100.0, "epochs")


def test_stopping_early_where_nothing_can_be_stopped_is_refused_with_what_has_curves(home):
    with pytest.raises(
        InvalidOption, match=r"'asha' stops training runs early, but .* \(epoch 200\); .* curves201-mnist1d"
    ):
        compare("nb201-cifar10", "asha", runs=1)
    with pytest.raises(InvalidOption, match="a phase of a search trains completely"):
        Switching(SPACES.load("nb201")(), np.random.default_rng(0), then="asha")


def test_models_that_need_no_curves_search_complete_trainings(tmp_path):
    record = compare("nb201-cifar10", "bohb", runs=1, limits=Limits(trials=30), out=tmp_path / "out")
    (run,) = record.runs("nb201-cifar10", "bohb")
    assert not run.failed
    assert (run.history.epoch == 200).all()


def test_epochs_of_ones_own_are_refused(task):
    with pytest.raises(InvalidOption, match="leave the option out"):
        compare(task, "hyperband,epochs=(1, 2)", runs=1)


@pytest.mark.parametrize("restart_s", [-1.0, float("inf"), float("nan")])
def test_seconds_that_are_none_are_refused(restart_s):
    with pytest.raises(InvalidOption, match="0 or more seconds"):
        Checkpoints(restart_s)


def test_the_command_line_declares_checkpoints_and_all_leaves_out_what_only_stops(task, tmp_path, capsys, monkeypatch):
    command = ["compare", "--task", task, "--strategy", "asha", "--runs", "1", "--jobs", "1", "--budget", "60"]
    assert main([*command, "--no-checkpoints", "--out", str(tmp_path / "out")]) == 0
    assert Record(tmp_path / "out").spec["checkpoints"] == {"restart_s": 0.0, "kept": False}
    from nasbench.cli.compare import _labels

    everywhere, here = _labels(["all"], ["nb201-cifar10"]), _labels(["all"], [task])
    assert "asha" not in everywhere
    assert {"asha", "hyperband"} <= set(here)
    capsys.readouterr()


def test_a_strategy_that_knows_of_no_epochs_is_told_none(task, tmp_path):
    record = compare(task, [RandomSearch], runs=1, limits=Limits(trials=5), out=tmp_path / "out")
    assert not record.runs(task, record.strategies[0])[0].failed
    assert nasbench.load_task(task).epochs == tuple(range(1, 10))
