"""What a task promises."""

import numpy as np

from nasbench.tasks import Task
from nasbench.trials import full_trainings


def check_task(task: Task, rng: np.random.Generator) -> None:
    """Check that a task's optimum, noise, cost and splits are what it declares."""
    assert task.observed.split in ("train", "valid"), "strategies would see the test split"
    scores = task.query(task.table.architectures[task.rows], task.reported[0])
    assert task.optimum.score == scores.max(), "the optimum is not the best architecture"
    assert not np.isnan(scores).any(), "rows without a measurement count as the task's"
    assert task.space.is_valid(task.optimum.arch).all(), "the optimum is outside the space"
    assert task.random_score < task.optimum.score, "a random architecture is as good as the optimum"
    archs = task.space.sample(200, rng)
    first, again = (task.backend(np.random.default_rng(3)) for _ in range(2))
    together = first.advance(full_trainings(0, archs))
    backwards = [again.advance(full_trainings(i, archs[i : i + 1])) for i in range(len(archs) - 1, -1, -1)][::-1]
    apart = np.concatenate([result.score for result in backwards])
    assert (together.score == apart).all(), "an architecture's noise depends on when it is asked"
    assert (together.cost_s > 0).all(), "a training costs nothing"
    rows = task.table.index(archs)
    measured = np.stack([task.observed.query(rows, seed) for seed in task.observed.axes["seeds"]], axis=1)
    assert (measured == together.score[:, :1]).any(axis=1).all(), "a strategy sees a score that no seed measured"
    assert together.score.shape[1] == 1 + len(task.objectives), "a strategy sees more or fewer objectives than declared"
    for seen, (label, column) in zip(together.score.T[1:], task.objectives.items(), strict=True):
        better = -seen if column.axes["direction"] == "minimize" else seen
        assert np.array_equal(better, task.query(archs, label), equal_nan=True), f"objective {label} is not the table's"
    mean_cost = task.backend(rng).advance(full_trainings(0, task.space.sample(2000, rng))).cost_s.mean()
    assert 50 <= task.budget_s / mean_cost <= 200, f"the budget is {task.budget_s / mean_cost:.0f} mean trainings"
