"""Training runs that end early and are resumed: what a table answers, what it charges, and what it refuses."""

import dataclasses

import numpy as np
import pytest

import nasbench
from nasbench import Budget, Simulation, Trials
from nasbench.backends.checkpoints import Checkpoints
from nasbench.choices import Choice
from nasbench.cli import main
from nasbench.comparison.experiment import Experiment, Limits
from nasbench.comparison.plausibility import explain_misfit
from nasbench.errors import InvalidArchitecture, InvalidOption, StrategyError, UnknownName
from nasbench.registry import SPACES
from nasbench.table import Measurement, Static, find_table, write_table
from nasbench.tasks import load_task, tasks_with_epochs
from nasbench.tasks.load import load_table_task
from nasbench.trials import FULL_TRAINING

DECLARATION = """
title = "small"
version = 1
space = "nb201"
table = "small"
dataset = "data"
recipe = "epochs30"
metric = "accuracy"
observed = "valid"
reported = ["valid"]
cost = {cost}
budget_s = 1000
[tasks.one]
{more}
"""
TRAIN_AND_EVAL = '[{ static = "train_s" }, { static = "eval_s", per = "answer" }]'


def measured(recipe, values, epochs):
    return Measurement(
        dataset="data",
        recipe=recipe,
        split="valid",
        metric="accuracy",
        unit="fraction",
        direction="maximize",
        values=values,
        seeds=np.arange(values.shape[1]),
        epochs=np.array(epochs),
    )


@pytest.fixture
def small(draft, home, tmp_path, rng):
    """A function from a cost and more lines to a task of 12 cells: two seeds, epochs 10, 20 and 30, one gap."""
    rows = np.concatenate([np.zeros((12, 3), dtype=np.int8), draft.architectures], axis=1)
    values = rng.random((12, 2, 3))
    values[4, :, 1] = np.nan
    values[5, 0, 2] = np.nan
    short = rng.random((12, 3, 1))
    spent = np.cumsum(rng.uniform(10.0, 15.0, (12, 2, 3)), axis=2)
    seconds = [
        Static(dataset="data", metric=metric, unit="s", direction="minimize", values=np.arange(first, first + 12.0))
        for metric, first in (("train_s", 30.0), ("eval_s", 1.0))
    ]
    table = dataclasses.replace(
        draft,
        architectures=rows,
        cardinality=np.full(6, 5),
        measurements=[
            measured("epochs30", values, [10, 20, 30]),
            measured("epochs5", short, [5]),
            dataclasses.replace(
                measured("epochs30", spent, [10, 20, 30]),
                split="train",
                metric="spent_s",
                unit="s",
                direction="minimize",
            ),
        ],
        statics=seconds,
    )
    path = home / "tables/small.h5"
    path.parent.mkdir(parents=True)
    write_table(table, path)

    def task(cost='"train_s"', more=""):
        file = tmp_path / "small.toml"
        file.write_text(DECLARATION.format(cost=cost, more=more))
        return load_table_task(f"{file}:one")

    task.rows, task.values, task.short, task.spent = rows, values, short, spent
    return task


def ask(backend, rows, ids, epochs):
    return backend.advance(Trials(np.array(ids), rows[ids], np.array(epochs)))


def test_a_training_pays_for_its_epochs_and_shows_one_seed_all_along(small, rng):
    backend = small().backend(rng)
    told = [ask(backend, small.rows, [0, 1, 2], [epoch] * 3) for epoch in (10, 20, 30)]
    assert [result.epoch.tolist() for result in told] == [[10] * 3, [20] * 3, [30] * 3]
    np.testing.assert_allclose([result.cost_s for result in told], np.full((3, 3), [10.0, 31 / 3, 32 / 3]))
    for row in range(3):
        curve = [result.score[row, 0] for result in told]
        assert any(np.allclose(curve, seed) for seed in small.values[row])


def test_skipping_epochs_is_the_same_training_for_the_same_seconds(small, rng):
    seed = int(rng.integers(1000))
    one, other = (small().backend(np.random.default_rng(seed)) for _ in range(2))
    steps = [ask(one, small.rows, [3, 7], [epoch] * 2) for epoch in (10, 20, FULL_TRAINING)]
    leap = [ask(other, small.rows, [3, 7], [epoch] * 2) for epoch in (10, 30)]
    assert (steps[-1].score == leap[-1].score).all()
    np.testing.assert_allclose(sum(t.cost_s for t in steps), sum(t.cost_s for t in leap))
    np.testing.assert_allclose(sum(t.cost_s for t in steps), [33.0, 37.0])


def test_every_answer_pays_its_validation(small, rng):
    task = small(TRAIN_AND_EVAL)
    assert (task.observations.cost_s == np.arange(12) * 2 + 31).all(), "a complete training pays one"
    backend = task.backend(rng)
    told = [ask(backend, small.rows, [6], [epoch]) for epoch in (10, 30)]
    np.testing.assert_allclose([result.cost_s[0] for result in told], [12 + 7, 24 + 7])


def test_a_measured_curve_of_seconds_is_charged_as_measured(small, rng):
    """Where the cost has a column with epochs of its own, those count and not the mean pace."""
    task = small('[{ split = "train", metric = "spent_s" }]')
    told = [ask(task.backend(rng), small.rows, [0], [epoch]) for epoch in (10, 20, 30)]
    np.testing.assert_allclose([result.cost_s[0] for result in told], small.spent[0].mean(axis=0))


def test_shorter_recipes_are_trainings_of_their_own(small, rng):
    task = small(TRAIN_AND_EVAL, FIDELITY)
    assert task.epochs == (5, 30)
    backend = task.backend(rng)
    short, long = (ask(backend, small.rows, [2], [epoch]) for epoch in (5, 30))
    assert short.score[0, 0] in small.short[2]
    assert long.score[0, 0] in small.values[2, :, 2]
    assert (short.cost_s[0], long.cost_s[0]) == (3.2 + 3.0, 32.0 + 3.0), "the second pays for all of it"
    with pytest.raises(StrategyError, match=r"epochs \[10\]; this task answers epochs 5, 30"):
        ask(backend, small.rows, [3], [10])


FIDELITY = """
[[tasks.one.fidelities]]
observed = { recipe = "epochs5", split = "valid" }
cost = [{ static = "train_s", times = 0.1 }, { static = "eval_s" }]
"""


@pytest.mark.parametrize(
    ("requests", "error", "says"),
    [
        ([([0], [15])], StrategyError, r"epochs \[15\]; this task answers epochs 10, 20, 30, or FULL_TRAINING"),
        ([([0], [20]), ([0], [10])], StrategyError, "asked again"),
        ([([0], [20]), ([0], [20])], StrategyError, "asked again"),
        ([([0], [30]), ([0], [30])], StrategyError, "asked again"),
        ([([0], [-1]), ([0], [10])], StrategyError, "asked again"),
        ([([0], [10]), ([0, 1], [-1, -1]), ([1], [-1])], StrategyError, "asked again"),
        ([([4], [30])], InvalidArchitecture, r"was not measured \(1 of 1 given\).* the 11 measured architectures"),
    ],
)
def test_what_no_training_could_do_is_refused(small, rng, requests, error, says):
    backend = small().backend(rng)
    for ids, epochs in requests[:-1]:
        ask(backend, small.rows, ids, epochs)
    with pytest.raises(error, match=says):
        ask(backend, small.rows, *requests[-1])


def test_an_id_stays_with_its_architecture(small, rng):
    backend = small().backend(rng)
    ask(backend, small.rows, [0], [10])
    with pytest.raises(StrategyError, match="another architecture"):
        backend.advance(Trials(np.array([0]), small.rows[[1]], np.array([20])))


def test_the_seed_is_one_that_was_trained_to_the_end(small):
    """Of cell 5 the first seed lacks the last epoch."""
    for seed in range(10):
        told = ask(small().backend(np.random.default_rng(seed)), small.rows, [5], [10])
        assert told.score[0, 0] == small.values[5, 1, 0]


@pytest.mark.parametrize(
    ("cost", "more", "error", "says"),
    [
        ('[{ static = "train_s", per = "epoch" }]', "", UnknownName, "'epoch'"),
        ('"train_s"', "fidelities = [3]", InvalidOption, r"fidelities\[1\] is 3; expected a table"),
        ('"train_s"', 'fidelities = [{ observed = "valid" }]', InvalidOption, r"fidelities\[1\] lacks cost"),
        ('"train_s"', 'fidelities = [{ observed = "test", cost = [] }]', InvalidOption, "test split"),
    ],
)
def test_declarations_without_sense_are_refused(small, cost, more, error, says):
    with pytest.raises(error, match=says):
        small(cost, more)


def test_two_recipes_of_nas_bench_201(shared, home, rng):
    assert main(["import", "table", str(shared / "nb201/accuracy_epoch12.csv"), "--map", "nb201_epochs12"]) == 0
    task = load_task("nb201-recipes-cifar10")
    assert task.epochs == (12, 200)
    space = SPACES.load("nb201")()
    archs = space.sample(50, rng)
    trials = [Trials(np.arange(50), archs, np.full(50, epoch)) for epoch in task.epochs]
    backend = task.backend(rng)
    short, long = (backend.advance(part) for part in trials)
    known = nasbench.Table(find_table("nb201_epochs12"))
    where = {"dataset": "cifar10-valid", "recipe": "epochs12", "split": "valid", "metric": "accuracy"}
    assert (short.score[:, 0] == known.query(known.index(archs), **where)).all()
    ratio = long.cost_s / short.cost_s
    assert ((ratio > 14) & (ratio < 200 / 12)).all(), "a whole second training; the validations are as long"
    assert "nb201-recipes-cifar10" in tasks_with_epochs()
    assert "nb201-cifar10" not in tasks_with_epochs()


class Wandering:
    """Begins trainings of some rows and goes on with some of those it was told, at random."""

    def __init__(self, rows, epochs, rng):
        self.rows, self.epochs, self.rng, self.n = rows, epochs, rng, 0
        self.idle, self.open = {}, {}  # of each trial its row and the epochs that are left

    def ask(self, n):
        if self.idle and self.rng.random() < 0.6:
            trial = list(self.idle)[int(self.rng.integers(len(self.idle)))]
            row, left = self.idle.pop(trial)
        else:
            trial, row, left = self.n, int(self.rng.integers(4)), self.epochs
            self.n += 1
        at = int(self.rng.integers(len(left)))
        self.open[trial] = row, left[at + 1 :]
        return Trials(np.array([trial]), self.rows[[row]], np.array([left[at]]))

    def tell(self, results):
        (trial,) = results.id.tolist()
        row, left = self.open.pop(trial)
        if left:
            self.idle[trial] = row, left


@pytest.mark.parametrize("n_workers", [1, 3])
@pytest.mark.parametrize(("restart_s", "kept"), [(0.0, True), (1.5, True), (0.5, False)])
@pytest.mark.parametrize("declared", [(), (TRAIN_AND_EVAL,), ("7.5",), (TRAIN_AND_EVAL, FIDELITY)])
def test_what_a_table_answers_is_what_verifying_expects(small, declared, restart_s, kept, n_workers):
    task, checkpoints = small(*declared), Checkpoints(restart_s=restart_s, kept=kept)
    experiment = Experiment(
        (task.name,), (Choice("x"),), limits=Limits(trials=80), n_workers=n_workers, checkpoints=checkpoints
    )
    for number in range(3):
        _, noise = experiment.streams(task.name, "", number)
        strategy = Wandering(small.rows, task.epochs, np.random.default_rng(number))
        history = Simulation(
            strategy,
            task.backend(noise),
            task.space,
            budget=Budget(trials=80),
            n_workers=n_workers,
            checkpoints=checkpoints,
        ).run()
        assert explain_misfit(experiment, task, number, history) == ""
        cheaper = history.cost_s - (np.arange(len(history.id)) == 9) * 1e-3
        ends = np.cumsum(cheaper) if n_workers == 1 else history.finish_s
        assert explain_misfit(experiment, task, number, history._replace(cost_s=cheaper, finish_s=ends)) != ""
