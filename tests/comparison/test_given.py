"""What people pass: tasks as objects, budgets of other kinds, numbers of other types; and what is left behind."""

import gc
import tempfile
from pathlib import Path

import numpy as np
import pytest

import nasbench
from nasbench.backends.checkpoints import Checkpoints
from nasbench.choices import Choice
from nasbench.comparison.experiment import Experiment, Limits
from nasbench.comparison.verify import verify
from nasbench.errors import InvalidOption, UnknownName


@pytest.fixture(scope="module")
def cora():
    return nasbench.load_task("nbgraph-cora")


def lines(record, task, label="random_search"):
    return [run.to_bytes() for run in record.runs(task, label)]


def test_tasks_are_given_by_name_as_objects_and_mixed(cora, tmp_path):
    budget = nasbench.Budget(trials=5)
    named = nasbench.compare("nbgraph-cora", "random_search", runs=2, limits=budget, out=tmp_path / "named")
    for i, given in enumerate((cora, [cora], (cora, "nbgraph-citeseer"), np.array(["nbgraph-cora"]))):
        record = nasbench.compare(given, "random_search", runs=2, limits=budget, out=tmp_path / str(i))
        assert lines(record, "nbgraph-cora") == lines(named, "nbgraph-cora")
        assert record.spec["tasks"]["nbgraph-cora"] == named.spec["tasks"]["nbgraph-cora"]
    assert verify(named, rng=np.random.default_rng(0)).matches


@pytest.mark.parametrize("given", [3, None, [3], {"a": 1}.values()])
def test_what_is_no_task_is_named(given):
    with pytest.raises(InvalidOption, match="expected a name"):
        nasbench.compare(given, "random_search")


@pytest.mark.parametrize("given", [3, [3], [None]])
def test_what_is_no_strategy_is_named(given):
    with pytest.raises(InvalidOption, match="strategy"):
        nasbench.compare("nbgraph-cora", given)


@pytest.mark.parametrize("limits", [nasbench.Budget(trials=5), Limits(trials=5), Limits(trials=np.int64(5))])
def test_a_budget_is_a_limit_in_any_form(limits):
    experiment = Experiment.of("nbgraph-cora", "random_search", runs=1, limits=limits)
    assert experiment.limits.given == {"seconds": None, "trials": 5, "epochs": None}
    assert type(experiment.limits.trials) is int


@pytest.mark.parametrize(
    ("limits", "says"), [(5, "expected nasbench.Budget"), ({"trials": 5}, "expected nasbench.Budget")]
)
def test_what_is_no_budget_is_named(limits, says):
    with pytest.raises(InvalidOption, match=says):
        nasbench.compare("nbgraph-cora", "random_search", limits=limits)
    with pytest.raises(InvalidOption, match="a limit of trials='5'; expected a number"):
        nasbench.compare("nbgraph-cora", "random_search", limits=Limits(trials="5"))


def test_whole_floats_and_numpy_numbers_are_numbers(tmp_path, cora):
    plain = nasbench.compare(cora, "random_search", runs=2, seed=3, n_workers=2, out=tmp_path / "a")
    other = nasbench.compare(
        cora, "random_search", runs=2.0, seed=np.int64(3), n_workers=np.float64(2), out=str(tmp_path / "b")
    )
    assert plain.spec == other.spec
    assert lines(plain, "nbgraph-cora") == lines(other, "nbgraph-cora")
    for bad in ({"runs": True}, {"runs": 2.5}, {"seed": "0"}, {"n_workers": None}):
        with pytest.raises(InvalidOption, match=r"; expected a whole number"):
            nasbench.compare(cora, "random_search", **bad)


def test_predictors_are_evaluated_on_the_same_forms(tmp_path, cora):
    options = {"runs": 1, "test_size": 20}
    plain = nasbench.evaluate("nbgraph-cora", "nu_svr", train_sizes=20, out=tmp_path / "a", **options)
    other = nasbench.evaluate(
        [cora], ["nu_svr"], train_sizes=np.array([20]), out=tmp_path / "b", runs=1.0, test_size=np.int64(20)
    )
    assert plain.spec == other.spec
    assert lines(plain, "nbgraph-cora", "nu_svr") == lines(other, "nbgraph-cora", "nu_svr")


def test_tasks_can_be_keys(cora):
    assert {cora: 1}[cora] == 1
    assert cora != nasbench.load_task("nbgraph-citeseer")
    assert nasbench.load_task(cora) is cora


def test_a_record_without_a_place_leaves_nothing_behind(cora, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    record = nasbench.compare(cora, "random_search", runs=1)
    evaluated = nasbench.evaluate(cora, "nu_svr", train_sizes=10, runs=1, test_size=10)
    assert record.path.is_dir()
    assert evaluated.path.is_dir()
    assert len(lines(record, "nbgraph-cora")) == 1
    del record, evaluated
    gc.collect()
    assert list(tmp_path.glob("nasbench-*")) == []
    kept = nasbench.compare(cora, "random_search", runs=1, out=tmp_path / "kept")
    del kept
    gc.collect()
    assert (tmp_path / "kept/spec.json").is_file()


def test_options_that_no_run_could_use_are_refused_before_the_first(cora, tmp_path):
    for label, says in (
        ("regularized_evolution,population_size=-3", "population_size=-3 .*expected a whole number, at least 1"),
        ("regularized_evolution,population_size=2.5", "expected a whole number"),
        ("bananas,predictor='xgboost,n_rounds=-1'", "n_rounds=-1"),
        ("bananas,acquisition=best", "unknown acquisition"),
        ("differential_evolution,crossover=7", "crossover=7"),
    ):
        with pytest.raises((InvalidOption, UnknownName), match=says):
            nasbench.compare(cora, label, runs=3, out=tmp_path / "out")
    with pytest.raises(InvalidOption, match="min_samples_split=1"):
        nasbench.evaluate(cora, "random_forest,min_samples_split=1", train_sizes=10, out=tmp_path / "out")
    with pytest.raises(UnknownName, match="unknown"):
        nasbench.evaluate(cora, "functional_gp,encoding=no_such", train_sizes=10, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_refused_resume_names_the_key_that_differs(cora, tmp_path):
    out = tmp_path / "out"
    nasbench.compare(cora, "random_search", runs=1, limits=Limits(trials=3), out=out)
    for options, says in (
        ({"limits": Limits(trials=4)}, "limits.trials = 3 there, 4 in this one"),
        ({"limits": Limits(trials=3), "seed": 1}, "seed = 0 there, 1 in this one"),
        ({"limits": Limits(trials=3), "checkpoints": Checkpoints(5.0)}, "checkpoints = nothing there"),
    ):
        with pytest.raises(nasbench.errors.RecordError, match=says):
            nasbench.compare(cora, "random_search", runs=1, out=out, **options)


def test_the_name_of_a_file_in_the_home_folder(monkeypatch, tmp_path, cora):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    record = nasbench.compare(cora, "random_search", runs=1, out="~/mine")
    assert record.path == tmp_path / "mine"
    assert type(record)("~/mine").spec == record.spec
    assert not Path("~").exists()


def test_a_choice_is_a_contestant_too(cora, tmp_path):
    choice = Choice("random_search")
    assert nasbench.compare(cora, [choice], runs=1, out=tmp_path / "a").strategies == ["random_search"]
