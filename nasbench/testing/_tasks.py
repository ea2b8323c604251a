"""The contract of a task."""

from typing import Any

import numpy as np

from nasbench.arrays import Archs
from nasbench.backends.table import rows_of
from nasbench.tasks import TableTask, Task
from nasbench.trials import full_trainings


def check_task(task: Task, rng: np.random.Generator) -> None:
    """Check that a task's optimum, noise, cost and splits agree with its declaration."""
    if not task.space.is_valid(task.optimum.arch).all():
        raise AssertionError("the optimum is outside the space")
    sign = task.scales[task.reported[0]].sign
    if not (sign * task.random_score < sign * task.optimum.score):
        raise AssertionError("a random architecture is as good as the optimum")
    archs = task.space.sample(200, rng)
    _check_noise(task, archs)
    if isinstance(task, TableTask):
        _check_table(task, archs)
    else:
        found = task.reported_of(task.optimum.arch)[task.reported[0]]
        if not np.isclose(found, task.optimum.score, rtol=1e-6).all():
            raise AssertionError("the optimum has another score")
    mean_cost = task.backend(rng).advance(full_trainings(0, task.space.sample(2000, rng))).cost_s.mean()
    if not (50 <= task.budget_s / mean_cost <= 200):
        raise AssertionError(f"the budget is {task.budget_s / mean_cost:.0f} mean trainings")


def _check_noise(task: Task, archs: Archs) -> None:
    first, again = (task.backend(np.random.default_rng(3)) for _ in range(2))
    together = first.advance(full_trainings(0, archs))
    backwards = [again.advance(full_trainings(i, archs[i : i + 1])) for i in range(len(archs) - 1, -1, -1)][::-1]
    apart = np.concatenate([result.score for result in backwards])
    expected = task.expect(np.random.default_rng(3), archs, np.full(len(archs), task.epochs[-1]))
    tolerance = 0.0 if expected is None else expected.tolerance
    if not np.allclose(together.score, apart, rtol=tolerance, atol=0):
        raise AssertionError("an architecture's noise depends on the order")
    if expected is not None:
        near: dict[str, Any] = {"rtol": tolerance, "atol": 0, "equal_nan": True}
        if not np.allclose(together.score, expected.score, **near):
            raise AssertionError("expect() returns other scores than the backend")
        if not np.allclose(together.cost_s, expected.until_s, **near):
            raise AssertionError("expect() returns other costs than the backend charges")
        if together.score.shape[1] != len(task.objectives):
            raise AssertionError("a strategy sees more or fewer objectives than declared")
    if not (together.cost_s > 0).all():
        raise AssertionError("a training run costs nothing")


def _check_table(task: TableTask, archs: Archs) -> None:
    if task.observed.split not in ("train", "valid"):
        raise AssertionError("strategies would see the test split")
    scores = task.query(task.table.architectures[task.rows], task.reported[0])
    best = scores.max() if task.scales[task.reported[0]].sign > 0 else scores.min()
    if task.optimum.score != best:
        raise AssertionError("the optimum is not the best architecture")
    if np.isnan(scores).any():
        raise AssertionError("rows without a measurement count as the task's")
    seen = task.backend(np.random.default_rng(3)).advance(full_trainings(0, archs)).score
    rows = rows_of(task.space, task.table, archs)
    measured = np.stack([task.observed.query(rows, seed) for seed in task.observed.axes["seeds"]], axis=1)
    if not (measured == task.sign * seen[:, :1]).any(axis=1).all():
        raise AssertionError("a strategy sees a score that no seed measured")
    for told, (label, column) in zip(seen.T[1:], task.further.items(), strict=True):
        if not np.array_equal(column.scale.sign * told, task.query(archs, label), equal_nan=True):
            raise AssertionError(f"objective {label} has other values than the table")
