"""Searching by real training through the same door as a table: declared, compared, recorded, verified."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from joblib.externals.loky import get_reusable_executor

import nasbench
from nasbench.cli import main
from nasbench.comparison.analysis import analyse
from nasbench.comparison.experiment import Experiment, Limits
from nasbench.comparison.plausibility import explain_misfit
from nasbench.datasets import load_images
from nasbench.errors import InvalidOption, UnknownName
from nasbench.tasks import TrainingTask
from nasbench.tasks.recorded import open_recorded
from nasbench.trials import Trials

TASKS = """
version = 1
space = "nb201"
budget_s = 60

[tasks.cells]
title = "Cells on digits"
train = { data = "digits", recipe = "small-4,epochs=2", network = "nb201,channels=4,n_cells=1,stages=2" }

[tasks.twice]
title = "Two repetitions"
train = { data = "digits", recipe = "small-4,epochs=1", network = "nb201,channels=4,n_cells=1,stages=2", seeds = 2 }
"""
GOOD = np.array([[3, 1, 0, 2, 4, 3]], dtype=np.int8)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def file(tmp_path, home):
    # processes that an earlier test left in the pool know another home, and would keep their checkpoints there
    get_reusable_executor().shutdown(wait=True)
    path = tmp_path / "mine.toml"
    path.write_text(TASKS)
    return path


def test_strategies_are_compared_on_real_trainings_and_share_them(file, tmp_path, capsys):
    """In two processes: architectures that both ask are trained once; the record replays to the bit."""
    name = f"{file}:cells"
    record = nasbench.compare(
        name,
        ["random_search", "regularized_evolution"],
        runs=1,
        limits=Limits(trials=2),
        n_jobs=2,
        out=tmp_path / "record",
    )
    task = nasbench.load_task(name)
    assert isinstance(task, TrainingTask)
    (analysed,) = analyse(record).tasks
    assert analysed.splits == ("test",)
    assert (analysed.metrics["trials"] == 2).all()
    assert ((analysed.final["test"] > 0.12) & (analysed.final["test"] <= 1)).all()  # chance is 0.1
    np.testing.assert_allclose(analysed.metrics["normalized_regret"], (1 - analysed.final["test"]) / 0.9)
    asked = {
        arch.tobytes() for label in record.strategies for run in record.runs(name, label) for arch in run.history.arch
    }
    assert len(list(task.folder.glob("seed0/*/checkpoint.pt"))) == len(asked)
    assert main(["verify", str(record.path), "--sample", "1"]) == 0
    experiment, told = Experiment.from_spec(record.spec), record.runs(name, "random_search")[0].history
    assert explain_misfit(experiment, task, 0, told) == ""
    assert "not an accuracy" in explain_misfit(experiment, task, 0, told._replace(score=told.score + 1))
    assert "not an architecture" in explain_misfit(experiment, task, 0, told._replace(arch=told.arch + np.int8(50)))
    assert "epoch that the task does not have" in explain_misfit(
        experiment, task, 0, told._replace(epoch=told.epoch + 100)
    )
    twice = told._replace(arch=told.arch[[0, 0]])
    assert "two scores in one run" in explain_misfit(
        experiment, task, 0, twice._replace(score=np.array([[0.2], [0.3]]))
    )
    assert main(["info", name, "--json"]) == 0
    assert "1 trained seeds" in capsys.readouterr().out


def test_what_is_reported_is_the_test_accuracy_of_all_repetitions_of_the_full_training(file):
    task = nasbench.load_task(f"{file}:twice")
    backends = [task.backend(np.random.default_rng(seed)) for seed in range(6)]
    seen = {backend.advance(Trials(np.array([0]), GOOD, np.array([1]))).score.item() for backend in backends}
    assert len(seen) == 2  # a run sees one of two repetitions
    assert task.query(GOOD).item() == pytest.approx(np.mean(list(seen)))
    (reported,) = task.reported_of(GOOD)["test"]
    labels = task.images.parts["test"].labels
    assert reported * len(labels) * 2 == pytest.approx(round(reported * len(labels) * 2))
    assert reported != task.query(GOOD).item()
    assert task.optimum.score == 1
    assert task.random_score == 0.1


def test_fresh_repeats_train_the_task_s_own_seeds_first_then_new_ones(file):
    file.write_text(f'repeats = "fresh"\n{TASKS}')
    task = nasbench.load_task(f"{file}:twice")
    backend = task.backend(np.random.default_rng(0))
    asked = np.concatenate([GOOD] * 3)
    told = backend.advance(Trials(np.arange(3), asked, np.full(3, 1)))
    assert told.id.tolist() == [0, 1, 2]
    assert len(np.unique(told.score)) == 3
    assert (told.cost_s > 0).all()
    default = nasbench.load_task(f"{file}:twice").query(GOOD)
    assert np.mean(told.score[:2]) == pytest.approx(default.item())
    assert sorted(path.name for path in task.folder.glob("seed*")) == ["seed0", "seed1", "seed2"]
    assert task.declaration["repeats"] == "fresh"


def test_a_changed_recipe_is_another_task_in_another_folder(file):
    first = nasbench.load_task(f"{file}:cells")
    file.write_text(TASKS.replace("epochs=2", "epochs=3"))
    second = nasbench.load_task(f"{file}:cells")
    assert first.folder != second.folder
    assert json.dumps(first.declaration) != json.dumps(second.declaration)


@pytest.mark.parametrize(
    ("old", "new", "error", "why"),
    [
        ('data = "digits", recipe = "small-4,epochs=2"', 'data = "digits"', InvalidOption, r"lacks train\.recipe"),
        ('data = "digits", recipe = "small-4,epochs=2"', 'dat = "digits"', UnknownName, "did you mean 'data'"),
        ("seeds = 2", "seeds = true", InvalidOption, r"train\.seeds = True; expected int"),
        ("budget_s = 60", "budget_s = 0", InvalidOption, r"budget_s 0\.0"),
        ("budget_s = 60", "", InvalidOption, "lacks budget_s"),
        ("budget_s = 60", 'budget_s = 60\ntable = "nb201"', UnknownName, "which trains"),
    ],
)
def test_a_declaration_that_breaks_the_rules_is_refused(file, old, new, error, why):
    file.write_text(TASKS.replace(old, new))
    with pytest.raises(error, match=why):
        [nasbench.load_task(f"{file}:{member}") for member in ("cells", "twice")]


def test_what_cannot_be_trained_is_refused_before_anything_runs(file):
    file.write_text(TASKS.replace("channels=4", "chanels=4"))
    with pytest.raises(UnknownName, match="did you mean 'channels'"):
        nasbench.compare(f"{file}:cells", ["random_search"], runs=1)
    with pytest.raises(InvalidOption, match="has no table of trained architectures"):
        nasbench.evaluate(f"{file}:cells", ["random_forest"])


def test_a_record_is_verified_from_another_folder_with_a_recipe_and_data_of_ones_own(file, tmp_path, monkeypatch):
    digits = load_images("digits", np.random.default_rng(0)).parts["train"]
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(here)
    np.savez("some.npz", train_images=digits.images[:300], train_labels=digits.labels[:300])
    recipe = Path(nasbench.__file__).parent / "training/recipes/small-4.toml"
    Path("quick.toml").write_text(recipe.read_text(encoding="utf-8"), encoding="utf-8")
    changed = TASKS.replace('data = "digits"', 'data = "arrays,path=some.npz"').replace("small-4,", "quick.toml,")
    Path("own.toml").write_text(changed)
    record = nasbench.compare("own.toml:cells", "random_search", runs=1, limits=Limits(trials=1), out=here / "record")
    assert not record.runs("own.toml:cells", "random_search")[0].error
    monkeypatch.chdir(elsewhere)
    open_recorded.cache_clear()  # as in another process
    assert main(["verify", str(record.path)]) == 0
    assert main(["leaderboard", str(record.path)]) == 0
