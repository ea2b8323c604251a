"""What a task promises."""

from typing import Any

import numpy as np

from nasbench.arrays import Archs
from nasbench.backends.table import rows_of
from nasbench.tasks import TableTask, Task
from nasbench.trials import full_trainings


def check_task(task: Task, rng: np.random.Generator) -> None:
    """Check that a task's optimum, noise, cost and splits are what it declares."""
    assert task.space.is_valid(task.optimum.arch).all(), "the optimum is outside the space"
    sign = task.scales[task.reported[0]].sign
    assert sign * task.random_score < sign * task.optimum.score, "a random architecture is as good as the optimum"
    archs = task.space.sample(200, rng)
    _check_noise(task, archs)
    if isinstance(task, TableTask):
        _check_table(task, archs)
    else:
        found = task.reported_of(task.optimum.arch)[task.reported[0]]
        assert np.isclose(found, task.optimum.score, rtol=1e-6).all(), "the optimum has another score"
    mean_cost = task.backend(rng).advance(full_trainings(0, task.space.sample(2000, rng))).cost_s.mean()
    assert 50 <= task.budget_s / mean_cost <= 200, f"the budget is {task.budget_s / mean_cost:.0f} mean trainings"


def _check_noise(task: Task, archs: Archs) -> None:
    first, again = (task.backend(np.random.default_rng(3)) for _ in range(2))
    together = first.advance(full_trainings(0, archs))
    backwards = [again.advance(full_trainings(i, archs[i : i + 1])) for i in range(len(archs) - 1, -1, -1)][::-1]
    apart = np.concatenate([result.score for result in backwards])
    expected = task.expect(np.random.default_rng(3), archs, np.full(len(archs), task.epochs[-1]))
    tolerance = 0.0 if expected is None else expected.tolerance
    assert np.allclose(together.score, apart, rtol=tolerance, atol=0), "an architecture's noise depends on the order"
    if expected is not None:
        near: dict[str, Any] = {"rtol": tolerance, "atol": 0, "equal_nan": True}
        assert np.allclose(together.score, expected.score, **near), "it expects other scores than its backend answers"
        assert np.allclose(together.cost_s, expected.until_s, **near), "it expects other costs than its backend charges"
        assert together.score.shape[1] == len(task.objectives), "a strategy sees more or fewer objectives than declared"
    assert (together.cost_s > 0).all(), "a training costs nothing"


def _check_table(task: TableTask, archs: Archs) -> None:
    assert task.observed.split in ("train", "valid"), "strategies would see the test split"
    scores = task.query(task.table.architectures[task.rows], task.reported[0])
    best = scores.max() if task.scales[task.reported[0]].sign > 0 else scores.min()
    assert task.optimum.score == best, "the optimum is not the best architecture"
    assert not np.isnan(scores).any(), "rows without a measurement count as the task's"
    seen = task.backend(np.random.default_rng(3)).advance(full_trainings(0, archs)).score
    rows = rows_of(task.space, task.table, archs)
    measured = np.stack([task.observed.query(rows, seed) for seed in task.observed.axes["seeds"]], axis=1)
    assert (measured == task.sign * seen[:, :1]).any(axis=1).all(), "a strategy sees a score that no seed measured"
    for told, (label, column) in zip(seen.T[1:], task.further.items(), strict=True):
        assert np.array_equal(column.scale.sign * told, task.query(archs, label), equal_nan=True), (
            f"objective {label} is not the table's"
        )
