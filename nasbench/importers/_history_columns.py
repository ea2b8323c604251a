"""The columns of a table of training runs that another tool started: scores, learning curves and seconds."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.table import Measurement, Static

DATASET, RECIPE, COST = "data", "trial", "train_s"
COMPLETE, STOPPED, FAILED = "complete", "stopped", "failed"


class Goal(NamedTuple):
    """An objective of a search: its name, and ``maximize`` or ``minimize``."""

    metric: str
    direction: str


class ToolRun(NamedTuple):
    """One training run.

    Attributes:
        config: the active decisions.
        state: ``complete``, ``stopped`` (by the tool, before its end) or ``failed``.
        values: the result of each objective; nan where there is none.
        seconds: time of the training run; nan if unknown.
        curve: whole epoch -> the first objective after it.
        seconds_at: epoch -> seconds since the start; empty if only the total is known.
        budget: the tool's budget; None if it has none.
        repeat: identity of a repetition, such as a seed; None if the tool does not say.
    """

    config: Mapping[str, Any]
    state: str
    values: tuple[float, ...]
    seconds: float = np.nan
    curve: Mapping[int, float] = {}
    seconds_at: Mapping[int, float] = {}
    budget: float | None = None
    repeat: Hashable = None


class Group(NamedTuple):
    """The training runs of one recipe.

    Attributes:
        recipe: its name.
        budget: the budget of all of its runs; None without budgets.
        epoch: the epoch that stands for the budget; 0 without budgets.
        chosen: positions of the runs among all runs.
        runs: the runs.
    """

    recipe: str
    budget: float | None
    epoch: int
    chosen: list[int]
    runs: list[ToolRun]


def group_by_budget(runs: Sequence[ToolRun]) -> list[Group]:
    """Group training runs by budget, the smallest first. A whole budget is its epoch; others are counted from 1."""
    budgets = sorted({run.budget for run in runs if run.budget is not None})
    if len(budgets) < 2:
        return [Group(RECIPE, None, 0, list(range(len(runs))), list(runs))]
    whole = all(budget == int(budget) > 0 for budget in budgets)
    groups = []
    for rank, budget in enumerate(budgets, start=1):
        chosen = [i for i, run in enumerate(runs) if run.budget == budget]
        epoch = int(budget) if whole else rank
        groups.append(Group(f"budget{budget:g}", budget, epoch, chosen, [runs[i] for i in chosen]))
    return groups


def describe_budgets(groups: Sequence[Group]) -> list[str]:
    """Return a remark if epochs stand for budgets that are not whole numbers."""
    said = [f"{group.epoch} is budget {group.budget:g}" for group in groups if group.budget is not None]
    strange = any(group.budget not in (None, group.epoch) for group in groups)
    return [f"budgets that are not whole numbers are counted as epochs: {', '.join(said)}"] if strange else []


def build_columns(group: Group, place: Ints, n: int, goal: Goal, unit: str) -> list[Measurement]:
    """Return the columns of one recipe: the score, the learning curve if it is another column, and the seconds.

    Args:
        group: the training runs of the recipe.
        place: [m] number of the configuration of each of all training runs.
        n: number of configurations.
        goal: the objective.
        unit: its unit.
    """
    rows = place[group.chosen]
    seed = _number_seeds(group.runs, rows)
    last = group.epoch or max((max(run.curve, default=1) for run in group.runs if run.state == COMPLETE), default=1)
    final = [{last: run.values[0]} for run in group.runs]
    curves = [{epoch: value for epoch, value in run.curve.items() if epoch <= last} for run in group.runs]
    seconds = [dict(run.seconds_at) or {last: run.seconds} for run in group.runs]
    columns = [("train", COST, "s", "minimize", seconds)]
    if _ends_with_result(group.runs, last):
        joined = [curve | own for curve, own in zip(curves, final, strict=True)]
        columns.append(("valid", goal.metric, unit, goal.direction, joined))
    else:
        columns.append(("valid", goal.metric, unit, goal.direction, final))
        columns.append(("valid", f"{goal.metric}_by_epoch", unit, goal.direction, curves))
    made = []
    for split, metric, own_unit, direction, points in columns:
        epochs = sorted({epoch for own in points for epoch, value in own.items() if np.isfinite(value)})
        if not epochs:
            continue
        made.append(
            Measurement(
                dataset=DATASET,
                recipe=group.recipe,
                split=split,
                metric=metric,
                unit=own_unit,
                direction=direction,
                values=_fill(points, rows, seed, epochs, n),
                seeds=np.arange(int(seed.max()) + 1),
                epochs=np.array(epochs, dtype=np.int64),
            )
        )
    return made


def _number_seeds(runs: Sequence[ToolRun], rows: Ints) -> Ints:
    """Number repeated training runs of a configuration ``[m]``: by the tool's seeds, or else in order."""
    labels = {key: i for i, key in enumerate(dict.fromkeys(run.repeat for run in runs))}
    named = list(zip(rows.tolist(), (labels[run.repeat] for run in runs), strict=True))
    if None not in labels and len(set(named)) == len(named):
        return np.array([label for _, label in named], dtype=np.int64)
    seen: dict[int, int] = defaultdict(int)
    numbers = []
    for row in rows.tolist():
        numbers.append(seen[row])
        seen[row] += 1
    return np.array(numbers, dtype=np.int64)


def _ends_with_result(runs: Sequence[ToolRun], last: int) -> bool:
    """Return whether every complete training run ends at the same epoch with its result, or no run has a curve."""
    curves = [(run.curve, run.values[0]) for run in runs if run.state == COMPLETE]
    if not any(run.curve for run in runs):
        return True
    return all(
        max(curve, default=0) == last and bool(np.isclose(curve[last], value, rtol=1e-9, atol=1e-12))
        for curve, value in curves
    )


def _fill(points: Sequence[Mapping[int, float]], rows: Ints, seed: Ints, epochs: Sequence[int], n: int) -> Floats:
    """Return values ``[n, s, t]``; nan where nothing, or an infinite value, was measured."""
    values = np.full((n, int(seed.max()) + 1, len(epochs)), np.nan)
    at = {epoch: i for i, epoch in enumerate(epochs)}
    for row, label, own in zip(rows.tolist(), seed.tolist(), points, strict=True):
        for epoch, value in own.items():
            if np.isfinite(value):
                values[row, label, at[epoch]] = value
    return values


def build_statics(group: Group, runs: Sequence[ToolRun], place: Ints, n: int, goals: Sequence[Goal]) -> list[Static]:
    """Return the further objectives as means over seeds, and the number of each configuration's first training run.

    Args:
        group: the training runs of the complete recipe.
        runs: all training runs, in order.
        place: [m] number of the configuration of each run.
        n: number of configurations.
        goals: the objectives.
    """
    rows = place[group.chosen]
    made = []
    for k, goal in enumerate(goals[1:], start=1):
        values = _average([run.values[k] for run in group.runs], rows, n)
        if np.isfinite(values).any():
            made.append(
                Static(dataset=DATASET, metric=goal.metric, unit="none", direction=goal.direction, values=values)
            )
    _, first = np.unique(place, return_index=True)
    order = Static(dataset="all", metric="first_trial", unit="none", direction="none", values=first.astype(np.float64))
    return [*made, order] if len(first) == n and runs else made


def _average(values: Iterable[float], rows: Ints, n: int) -> Floats:
    """Return the mean of finite values by row ``[n]``, nan without any."""
    total, count = np.zeros(n), np.zeros(n)
    for row, value in zip(rows.tolist(), values, strict=True):
        if np.isfinite(value):
            total[row] += value
            count[row] += 1
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
