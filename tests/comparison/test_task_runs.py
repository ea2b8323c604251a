"""Which trials were incumbents, and what strategies recommend instead."""

import numpy as np
import pytest

import nasbench
from nasbench.comparison.columns import concatenate_columns, join_runs
from nasbench.comparison.run import Run
from nasbench.comparison.task_runs import join_task_runs
from nasbench.metrics import JoinedTrials, compute_spent
from nasbench.recommending import find_incumbents
from nasbench.simulation import History, no_history
from nasbench.trials import Recommendation


def find(*runs):
    """Return the incumbents of runs of (epoch, score) pairs, joined; a score of nan is a crash."""
    epoch, score = np.array([pair for run in runs for pair in run]).reshape(-1, 2).T
    return find_incumbents(epoch, score, np.isnan(score), np.repeat(np.arange(len(runs)), [*map(len, runs)])).tolist()


def test_the_incumbent_is_the_first_of_the_best():
    run = [(200, score) for score in (np.nan, 0.3, 0.3, 0.5, np.nan, 0.4)]
    assert find(run) == [1, 3]


def test_each_run_has_incumbents_of_its_own():
    first, second = [(9, 0.9), (9, 0.95)], [(9, 0.1), (9, 0.05), (9, 0.2)]
    assert find(first, [], second, []) == [0, 1, 2, 4]


def test_a_longer_training_replaces_all_shorter_ones():
    run = [(3, 0.8), (9, 0.5), (3, 0.9), (9, 0.6), (27, np.nan), (9, 0.7), (27, 0.1), (9, 0.99)]
    assert find(run) == [0, 1, 3, 5, 6]


def test_incumbents_are_those_of_a_loop(rng):
    """Random epochs, ties and crashes in runs of random length."""
    runs = [
        list(zip(rng.integers(1, 4, n), np.where(rng.random(n) < 0.2, np.nan, rng.integers(0, 6, n)), strict=True))
        for n in rng.integers(0, 40, 60)
    ]
    expected, start = [], 0
    for run in runs:
        best = (-1, -np.inf)
        for i, (epoch, score) in enumerate(run):
            if not np.isnan(score) and (epoch, score) > best:
                best = (epoch, score)
                expected.append(start + i)
        start += len(run)
    assert find(*runs) == expected


@pytest.fixture(scope="module")
def task():
    return nasbench.load_task("nb201-cifar10")


def run_of(task, number, rows, recommendations=(), error=""):
    """Return a run that trains rows of the table, one every 10 seconds, observing what is reported."""
    archs = task.table.architectures[rows]
    n = len(rows)
    history = History(
        np.arange(n), archs, np.full(n, 200), task.query(archs)[:, None], np.full(n, 10.0), 10.0 * np.arange(1, n + 1),
        np.zeros(n, dtype=bool),
    )  # fmt: skip
    return Run(number, history, error, recommendations=tuple(recommendations))


def test_recommendations_take_the_place_of_incumbents(task):
    rows = np.argsort(task.query(task.table.architectures))[[100, 5000, 15000]]
    archs, best = task.table.architectures, task.optimum.arch
    own = [Recommendation(5.0, archs[rows[:1]]), Recommendation(25.0, np.concatenate([best, archs[rows[:1]]]))]
    runs = [run_of(task, 0, rows), run_of(task, 1, rows, own), run_of(task, 2, rows, own, error="broke off")]
    found = join_task_runs(task, join_runs(runs), {"trials": 3.0})
    incumbent, recommended = found.incumbents, found.recommended
    assert incumbent.offsets.tolist() == [0, 3, 6, 6]
    assert recommended.offsets.tolist() == [0, 3, 5, 5]
    regret = task.optimum.score - task.query(archs[rows])
    np.testing.assert_allclose(recommended.regret, [*regret, regret[0], 0.0])
    assert recommended.spent["s"].tolist() == [10, 20, 30, 5, 25]
    assert recommended.spent["trials"].tolist() == [1, 2, 3, 0, 2]
    assert recommended.trial.tolist() == [0, 1, 2, -1, -1]


def test_without_recommendations_incumbents_are_recommended(task):
    found = join_task_runs(
        task, join_runs([run_of(task, 0, np.arange(4)), Run(1, no_history(task.space), "broke off")]), {}
    )
    assert found.recommended is found.incumbents
    assert (found.unit, found.budget) == ("s", task.budget_s)


def test_columns_of_pairs_are_joined_as_their_runs_are(task):
    archs = task.table.architectures
    own = [Recommendation(5.0, archs[:1]), Recommendation(10.0, archs[:0]), Recommendation(25.0, archs[1:3])]
    pairs = [
        [run_of(task, 0, np.arange(3)), run_of(task, 1, np.arange(2), own)],
        [Run(0, no_history(task.space), "broke off"), Run(1, no_history(task.space), "broke off")],
        [run_of(task, 0, np.arange(4), own, error="broke off"), run_of(task, 1, np.arange(1), own[:1])],
    ]
    whole = concatenate_columns([join_runs(runs) for runs in pairs])
    expected = [run for runs in pairs for run in runs]
    assert [whole.run(i).to_bytes() for i in range(len(whole))] == [run.to_bytes() for run in expected]


def test_epochs_that_were_trained_before_are_not_spent_again(task):
    epoch = np.array([3, 3, 9, 9, 9])
    trials = JoinedTrials(
        offsets=np.array([0, 4, 5]),
        id=np.array([0, 1, 0, 1, 0]),
        arch=np.zeros((5, 6), dtype=np.int8),
        epoch=epoch,
        score=np.full((5, 1), 0.1),
        crashed=np.zeros(5, dtype=np.bool_),
        cost_s=np.ones(5),
        finish_s=np.ones(5),
    )
    assert compute_spent(trials)["epochs"].tolist() == [3, 6, 12, 18, 9]
    assert compute_spent(trials)["trials"].tolist() == [1, 2, 3, 4, 1]
