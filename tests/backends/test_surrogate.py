"""Surrogate benchmarks: what is stored, what is answered, and how close the answers are to the real table."""

import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from scipy import stats

import nasbench
from nasbench.cli import main
from nasbench.comparison.experiment import Experiment
from nasbench.comparison.plausibility import explain_misfit
from nasbench.comparison.verify import verify
from nasbench.errors import InvalidArchitecture, InvalidOption, NasbenchError, PredictorError, StrategyError, TableError
from nasbench.importers import import_source
from nasbench.importers.nasbench101_runs import NASBench101Runs
from nasbench.spaces.darts import DARTS
from nasbench.table import Measurement, TableBuilder, write_table
from nasbench.tasks import SurrogateFit, fit_surrogate
from nasbench.tasks.surrogate.archive import describe, read_arrays, write_archive
from nasbench.tasks.surrogate.ensemble import ModelEnsemble
from nasbench.tasks.surrogate.model import COST, NOISE, OBSERVED
from nasbench.tasks.surrogate.opening import open_surrogate
from nasbench.tasks.surrogate.seed_noise import compute_noise_level, compute_seed_variances
from nasbench.testing import check_task

pytest.importorskip("xgboost")
QUICK = "xgboost,uncertainty=none,n_rounds=60,learning_rate=0.2"

NB101 = """
title = "EC-NAS"
version = 1
space = "nb101"
table = "nb101_runs"
dataset = "cifar10"
recipe = "epochs108"
metric = "accuracy"
observed = "valid"
reported = ["valid", "test"]
cost = [{ split = "train", metric = "train_s" }]
budget_s = 50_000
[tasks.small]
"""


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    path = tmp_path_factory.mktemp("surrogates") / "cells.surrogate"
    fit_surrogate("nb201-cifar10", SurrogateFit((QUICK,), n_train=500, members=3), name="cells", out=path)
    return path


@pytest.fixture
def task(fitted):
    return nasbench.load_task(str(fitted))


def test_it_ranks_architectures_that_it_has_not_seen_as_the_table_does(task, cifar10):
    """White et al. 2021 (arXiv 2104.01177, figure 2) report tau of .6 to .8 for boosted trees at 500 cells."""
    figures = task.surrogate.spec["validation"]
    assert figures["n_learnt"] == 500
    assert figures["n_held_out"] == 10_000
    assert figures["tau"] > 0.75
    assert 0.9 < figures["tau_of_two_seeds"] < 0.92  # 0.910 over all cells: tests/golden/nb201.toml
    assert figures["tau_without_twins"] < figures["tau"]
    rows = cifar10.space.rows
    tau = stats.kendalltau(task.query(rows), cifar10.query(rows)).statistic
    assert tau == pytest.approx(figures["tau"], abs=0.03)
    # the budget buys as many trainings as on the table, and seeds spread as widely
    assert 0.9 < figures["cost"]["sum_ratio"] < 1.1
    assert 0.7 < figures["noise"]["within_90"] < 0.95  # some trainings diverge: tails are not normal
    assert figures["noise"]["tau_of_spreads"] > 0.2


def test_the_task_keeps_its_promises(task, rng):
    check_task(task, rng)
    assert task.name == "surrogate-cells"
    assert task.fitted_to == "nb201-cifar10"


def test_stored_predictions_are_those_of_the_stored_predictors(task, cifar10, rng):
    archs = cifar10.space.sample(50, rng)
    for quantity in (OBSERVED, NOISE, COST):
        again = task.surrogate._model(quantity).predict(archs)
        assert again == pytest.approx(task.surrogate.predict(quantity, archs), rel=1e-12)


class Repeater:
    """Asks for the same three architectures again and again."""

    def __init__(self, space, rng):
        self.archs, self.n = space.sample(3, rng), 0

    def ask(self, n):
        self.n += n
        return nasbench.full_trainings(self.n - n, self.archs[np.arange(self.n - n, self.n) % 3])

    def tell(self, results):
        pass


@pytest.mark.parametrize("n_workers", [1, 3])
def test_fresh_noise_is_recorded_and_verified(task, tmp_path, n_workers):
    name = f"{task.surrogate.path}:fresh"
    limits = nasbench.Budget(trials=12)
    record = nasbench.compare(name, Repeater, runs=1, limits=limits, n_workers=n_workers, out=tmp_path / "out")
    (run,) = record.runs(name, record.strategies[0])
    assert len(np.unique(run.history.score)) == 12
    assert verify(record, sample=1, rng=np.random.default_rng(0)).misfits == []
    assert record.spec["tasks"][name]["declaration"] == {"surrogate": "cells", "noisy": True, "repeats": "fresh"}


def test_the_same_seed_gives_the_same_file(tmp_path):
    fit = SurrogateFit((QUICK,), n_train=40, members=2)
    files = [tmp_path / f"{i}" / "x.surrogate" for i in range(2)]
    for file in files:
        fit_surrogate("nbgraph-proteins", fit, name="x", out=file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_noise_belongs_to_the_run_and_is_as_wide_as_predicted(task, cifar10):
    archs = cifar10.space.rows[::7]
    mean = task.query(archs)
    answers = [task.backend(np.random.default_rng(i)).advance(nasbench.full_trainings(0, archs)) for i in (0, 1)]
    assert (answers[0].score != answers[1].score).mean() > 0.99
    std = task.surrogate.predict(NOISE, archs)
    free = (mean + 5 * std < 1) & (mean - 5 * std > 0)
    z = [(answer.score[:, 0] - mean)[free] / std[free] for answer in answers]
    assert stats.kstest(np.concatenate(z), "norm").pvalue > 0.01
    assert abs(stats.pearsonr(*z).statistic) < 0.1
    quiet = nasbench.load_task(str(task.surrogate.path) + ":mean")
    told = quiet.backend(np.random.default_rng(0)).advance(nasbench.full_trainings(0, archs))
    assert (told.score[:, 0] == mean).all()
    assert quiet.name == "surrogate-cells:mean"


def test_a_backend_refuses_what_a_table_s_refuses(task, cifar10, rng):
    backend, archs = task.backend(rng), cifar10.space.rows[:2]
    backend.advance(nasbench.full_trainings(0, archs))
    with pytest.raises(StrategyError, match="asked again"):
        backend.advance(nasbench.full_trainings(1, archs))
    with pytest.raises(StrategyError, match="complete training runs only"):
        backend.advance(nasbench.Trials(np.array([9]), archs[:1], np.array([12])))
    with pytest.raises(InvalidArchitecture, match="is not an architecture of space"):
        backend.advance(nasbench.full_trainings(5, archs[:1] + np.int8(50)))


def test_the_level_of_noise_is_that_of_a_normal_sample_even_if_some_trainings_diverge(rng):
    scores = rng.normal(0.5, 0.02, size=(4000, 3))
    scores[:1000, 2] = np.nan
    scores[:200, 0] = 0.1
    found = compute_seed_variances(scores)
    assert found.variance[1500] == pytest.approx(np.var(scores[1500], ddof=1))
    assert (found.freedom[[0, 1500]] == [1, 2]).all()
    assert compute_noise_level(found, np.full(4000, 0.01)) == pytest.approx(2.0, rel=0.08)
    assert np.sqrt(np.average(found.variance, weights=found.freedom)) > 0.05  # what a mean would have said


def test_an_ensemble_answers_for_each_fold_by_the_member_without_it(cifar10, rng):
    """Labels without any structure: answers of a member that saw them would correlate with them."""
    archs, label = cifar10.space.sample(200, rng), rng.normal(size=200)
    ensemble = ModelEnsemble(cifar10.space, QUICK + ",target=score", 4)
    unseen = ensemble.fit(archs, label, rng)
    assert abs(stats.pearsonr(unseen, label).statistic) < 0.25
    assert stats.pearsonr(ensemble.predict(archs).mean, label).statistic > 0.5


def test_a_space_without_a_list_is_answered_and_searched(tmp_path, home, shared, rng):
    """700 real cells of NAS-Bench-101; other rows of its space are predicted, twins alike."""
    import_source(NASBench101Runs(), shared / "nb101")
    (tmp_path / "ec.toml").write_text(NB101)
    fast = QUICK + ",encoding=one_hot"
    surrogate = fit_surrogate(f"{tmp_path}/ec.toml:small", SurrogateFit((fast,), members=2), name="ec")
    assert surrogate.spec["validation"]["tau"] > 0.3
    assert surrogate.spec["validation"]["reported"]["test"] > 0.3
    task = nasbench.load_task("surrogate-ec")
    assert not task.surrogate.known
    archs = task.space.sample(40, rng)
    assert (task.query(archs, "test") == task.query(task.space.canonicalize(archs), "test")).all()
    assert "not proven" in task.describe()["best_known_how"]
    found = nasbench.compare("surrogate-ec", ["random_search", "local_search"], runs=1, out=tmp_path / "out")
    assert not any(run.failed for name in found.strategies for run in found.runs("surrogate-ec", name))
    assert main(["verify", str(found.path)]) == 0
    experiment, told = Experiment.from_spec(found.spec), found.runs("surrogate-ec", "random_search")[0].history
    assert explain_misfit(experiment, task, 0, told) == ""
    assert "has score" in explain_misfit(experiment, task, 0, told._replace(score=told.score + 1e-4))
    cheaper = told._replace(cost_s=told.cost_s * 0.999, finish_s=np.cumsum(told.cost_s * 0.999))
    assert "the task charges" in explain_misfit(experiment, task, 0, cheaper)


def test_darts_is_answered(tmp_path, home, rng):
    """A rule, the accuracy of separable convolutions, replaces training runs, since none are available."""
    space = DARTS()
    archs = np.unique(space.sample(200, rng), axis=0)
    score = 0.9 + 0.05 * np.isin(archs[:, [0, 1, 3, 4]], (3, 4)).mean(axis=1)
    column = Measurement(
        dataset="cifar10", recipe="e", split="valid", metric="accuracy", unit="fraction", direction="maximize",
        values=score[:, None, None], seeds=np.array([0]), epochs=np.array([98]),
    )  # fmt: skip
    draft = TableBuilder(
        name="runs", title="t", space="darts", citation="c", licence="l", source="s", notes="n",
        architectures=archs, cardinality=space.cardinality, measurements=[column],
    )  # fmt: skip
    write_table(draft, home / "tables" / "runs.h5")
    text = NB101.replace('"nb101"', '"darts"').replace("nb101_runs", "runs").replace("epochs108", "e")
    text = text.replace(', "test"', "").replace('[{ split = "train", metric = "train_s" }]', "60.0")
    (tmp_path / "darts.toml").write_text(text.replace("50_000", "6000"))
    fast = "xgboost,encoding=one_hot,target=score,uncertainty=none,n_rounds=40,learning_rate=0.3"
    fit_surrogate(f"{tmp_path}/darts.toml:small", SurrogateFit((fast,), members=2, noise="spread"), name="runs")
    task = nasbench.load_task("surrogate-runs")
    check_task(task, rng)
    backend, asked = task.backend(rng), task.space.sample(3, rng)
    first = backend.advance(nasbench.full_trainings(0, asked))
    again = backend.advance(nasbench.full_trainings(3, asked[::-1]))
    assert (first.score == again.score[::-1]).all()
    assert (first.cost_s == 60).all()
    assert task.surrogate.predict(NOISE, asked).min() > 0
    best = task.optimum.arch[0, [0, 1, 3, 4]]
    assert np.isin(best, (3, 4)).all(), "hill climbing does not find what the rule rewards"


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"what" * 99, lambda data: b""])
def test_a_damaged_file_is_refused(tmp_path, fitted, damage):
    (tmp_path / "bad.surrogate").write_bytes(damage(fitted.read_bytes()))
    with pytest.raises(TableError, match="truncated or foreign"):
        nasbench.load_task(f"{tmp_path}/bad.surrogate")


def repacked(source, path, change=lambda text: text, compression=zipfile.ZIP_STORED):
    """Write the archive again with another description, so that the zip's own checksums are right."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", compression) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == "spec.json" else old.read(name))


def test_a_changed_file_is_refused(tmp_path, fitted):
    path = tmp_path / "bad.surrogate"
    repacked(fitted, path, lambda text: text.replace(b'"budget_s": 200000', b'"budget_s": 900000'))
    with pytest.raises(TableError, match="does not match its checksum"):
        open_surrogate(path)
    repacked(fitted, path, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(TableError, match="compressed"):
        open_surrogate(path)
    spec, _ = describe(fitted)
    arrays = read_arrays(fitted, spec)
    arrays["known/observed"] = arrays["known/observed"][:9]
    write_archive(path, spec, arrays)
    with pytest.raises(TableError, match="the space has 15,625"):
        open_surrogate(path)
    write_archive(path, {"name": "x", "space": "nb201", "space_options": {}}, {})
    with pytest.raises(TableError, match="does not describe a surrogate"):
        open_surrogate(path)


def test_nothing_is_pickled_and_no_module_imported_for_a_file(tmp_path, fitted):
    hidden = tmp_path / "hidden.surrogate"
    with pytest.raises(ValueError, match="Object arrays"):
        write_archive(hidden, {}, {"a": np.array([object()])})
    assert not hidden.exists()
    spec, _ = describe(fitted)
    write_archive(hidden, spec | {"space": "antigravity:s"}, {})
    with pytest.raises(NasbenchError, match="unknown space 'antigravity:s'"):
        open_surrogate(hidden)
    spec["quantities"][OBSERVED]["predictor"] = "antigravity:fly"
    write_archive(hidden, spec, {"models/observed/0/x": np.zeros(1)})
    opened = open_surrogate(hidden)
    with pytest.raises(InvalidOption, match="not imported"):
        opened.predict(OBSERVED, opened.space.rows[:1])
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    ("fit", "says"),
    [
        (SurrogateFit((QUICK,), n_train=5), "5 architectures to learn from"),
        (SurrogateFit((QUICK,), n_train=15_000), "at least a tenth"),
        (SurrogateFit((QUICK,), n_train=30, members=1), "at least 2"),
        (SurrogateFit((QUICK,), n_train=30, members=20), "20 members"),
        (SurrogateFit(("xgbost",), n_train=30), "did you mean 'xgboost'"),
        (SurrogateFit((QUICK + ",rounds=3",), n_train=30), "unknown option"),
    ],
)
def test_a_fit_without_sense_is_refused(fit, says):
    with pytest.raises(NasbenchError, match=says):
        fit_surrogate("nb201-cifar10", fit, name="x")


def test_noise_cannot_be_learnt_where_no_seed_was_repeated():
    fast = "xgboost,uncertainty=none,encoding=one_hot,n_rounds=5"
    with pytest.raises(InvalidOption, match="no architecture has two"):
        fit_surrogate("nbgraph-cora", SurrogateFit((fast,), n_train=40, members=2, noise="seeds"), name="x")
    with pytest.raises(NasbenchError, match="unknown noise model"):
        SurrogateFit(noise="loud")
    with pytest.raises(InvalidOption, match="surrogate name"):
        fit_surrogate("nb201-cifar10", SurrogateFit((fast,), n_train=40), name="../x")
    with pytest.raises(PredictorError, match="not fitted; call fit first"):
        ModelEnsemble(nasbench.load_task("nb201-cifar10").space, fast, 2).state()


def test_the_command_makes_a_task_that_other_commands_know(capsys, home, tmp_path):
    command = ["fit-surrogate", "nbgraph-proteins", "--train", "60", "--members", "2", "--predictor", QUICK]
    assert main([*command, "--name", "graphs", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["task"] == "surrogate-graphs"
    assert made["validation"]["n_held_out"] == 1961
    assert main(["list", "--json"]) == 0
    assert "surrogate-graphs" in json.loads(capsys.readouterr().out)["tasks"]
    assert main(["info", "surrogate-graphs", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["fitted_to"] == "nbgraph-proteins, version 1"
    best = shown["best_known"]["architecture"]
    assert main(["query", "surrogate-graphs", best, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["cost_s"] == 1.0
    (home / "surrogates" / "broken.surrogate").write_bytes(b"no")
    assert main(["list", "tasks"]) == 0
    assert "cannot be opened" in capsys.readouterr().out
    strategies, out = ("random_search", "local_search", "regularized_evolution@nb201"), str(tmp_path / "both")
    nasbench.compare(["nbgraph-proteins", "surrogate-graphs"], strategies, runs=5, out=out)
    assert main(["agreement", out, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["truth"], found["other"]) == ("nbgraph-proteins", "surrogate-graphs")
    assert main(["agreement", out, "--other", "nb201-cifar10"]) == 1


def test_listing_surrogates_loads_no_numpy(tmp_path, fitted):
    (tmp_path / "surrogates").mkdir()
    (tmp_path / "surrogates" / "cells.surrogate").write_bytes(fitted.read_bytes())
    code = "import sys; from nasbench.tasks import task_names; print(task_names()['surrogate-cells']); "
    done = subprocess.run(
        [sys.executable, "-c", code + "sys.exit('numpy' in sys.modules or 'h5py' in sys.modules)"],
        env={"NASBENCH_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("surrogate of NAS-Bench-201")
