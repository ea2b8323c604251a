"""Prepare the runs of a task for metrics: joined columns, and what each run would hand over at any time."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.comparison.columns import RunColumns
from nasbench.metrics import JoinedTrials, TaskGoal, TaskRuns, Track, compute_spent
from nasbench.recommending import find_incumbents
from nasbench.tasks import Task
from nasbench.units import Scale

_Spent = Mapping[str, Floats]


class _Recommended(NamedTuple):
    """The strategies' own recommendations, [k]; of a recommended set, the first member."""

    run: Ints
    time_s: Floats
    arch: Archs


def join_task_runs(task: Task, runs: RunColumns, limits: Mapping[str, float]) -> TaskRuns:
    """Return the runs of all strategies on a task in the form that metrics receive.

    Args:
        task: the task that was searched.
        runs: the runs of all strategies, strategy by strategy.
        limits: budget of each run: unit -> amount; empty for the task's own budget.
    """
    trials, failed = join_trials(runs), runs.failed
    spent = compute_spent(trials)
    limits = dict(limits) or {"s": task.budget_s}
    goal = TaskGoal(
        optimum=task.optimum.score,
        random_score=task.random_score,
        reported=task.scales[task.reported[0]],
        objectives=_read_objectives(task),
        report=_Report(task),
    )
    found = find_incumbents(trials.epoch, trials.score[:, 0], trials.crashed, _run_of(trials.offsets))
    found = found[~failed[_run_of(trials.offsets)[found]]]
    incumbents = _track_incumbents(goal, trials, found, spent)
    return TaskRuns(
        goal=goal,
        trials=trials,
        spent=spent,
        failed=failed,
        overhead_s=runs.overhead_s,
        limits=limits,
        unit=_find_binding_limit(spent, limits),
        incumbents=incumbents,
        recommended=_track_recommended(goal, trials, incumbents, spent, _read_recommended(runs)),
    )


def join_trials(runs: RunColumns) -> JoinedTrials:
    """Return the trials of joined runs in the form that metrics receive."""
    return JoinedTrials(offsets=runs.offsets, **runs.trials._asdict())


def _run_of(offsets: Ints) -> Ints:
    """Return the run of each trial or step; ``[N]``."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def _read_objectives(task: Task) -> tuple[Scale, ...]:
    """Return unit and direction of each column of scores."""
    return tuple(objective.scale for objective in task.objectives)


class _Report:
    """Looks up what a task reports of architectures, each distinct architecture once."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def __call__(self, archs: Archs) -> dict[str, Floats]:
        """Return the reported values of architectures [n, d], by label; ``[n]`` each."""
        if not len(archs):
            return {label: np.empty(0) for label in self._task.reported}
        first: dict[bytes, int] = {}
        texts = np.ascontiguousarray(archs).view(f"V{archs[0].nbytes}").ravel().tolist()
        rows = [first.setdefault(text, i) for i, text in enumerate(texts)]
        kept = np.array(list(first.values()))
        places = np.searchsorted(kept, rows)  # positions of first occurrences increase
        return {label: values[places] for label, values in self._task.reported_of(archs[kept]).items()}


def _track_incumbents(goal: TaskGoal, trials: JoinedTrials, found: Ints, spent: _Spent) -> Track:
    """Return the track of incumbents; ``found`` [K] are increasing positions of trials."""
    archs = trials.arch[found]
    reported = goal.report(archs)
    return Track(
        offsets=np.searchsorted(found, trials.offsets),
        trial=found,
        arch=archs,
        spent={unit: amount[found] for unit, amount in spent.items()},
        reported=reported,
        regret=goal.compute_regret(next(iter(reported.values()))),
    )


def _read_recommended(runs: RunColumns) -> _Recommended:
    """Return the first architecture of every recommendation, except of empty ones and of those of failed runs."""
    made = runs.recommendations
    kept = np.flatnonzero((made.n_archs > 0) & ~runs.failed[made.run])
    first = np.cumsum(made.n_archs) - made.n_archs
    return _Recommended(run=made.run[kept], time_s=made.time_s[kept], arch=made.arch[first[kept]])


def _track_recommended(
    goal: TaskGoal, trials: JoinedTrials, incumbents: Track, spent: _Spent, own: _Recommended
) -> Track:
    """Return the track of recommendations: a strategy's own, or the incumbents of a run without any."""
    if not len(own.run):
        return incumbents
    default = np.flatnonzero(~np.isin(incumbents.run, own.run))
    order = np.argsort(np.concatenate([incumbents.run[default], own.run]), kind="stable")
    run = np.concatenate([incumbents.run[default], own.run])[order]
    told = goal.report(own.arch)
    last = _find_last_trials(trials, own)
    by_then = {unit: np.append(amount, 0.0)[last] for unit, amount in spent.items()} | {"s": own.time_s}

    def merge(of_incumbents: Floats, of_own: Floats) -> Floats:
        return np.concatenate([of_incumbents[default], of_own])[order]

    archs = [part for part in (incumbents.arch[default], own.arch) if len(part)]  # an empty one may lack its width
    reported = {label: merge(values, told[label]) for label, values in incumbents.reported.items()}
    return Track(
        offsets=np.searchsorted(run, np.arange(len(trials.offsets))),
        trial=np.concatenate([incumbents.trial[default], np.full(len(own.run), -1)])[order],
        arch=np.concatenate(archs)[order],
        spent={unit: merge(values, by_then[unit]) for unit, values in incumbents.spent.items()},
        reported=reported,
        regret=goal.compute_regret(next(iter(reported.values()))),
    )


def _find_last_trials(trials: JoinedTrials, own: _Recommended) -> Ints:
    """Return the last trial of the same run that had finished when each recommendation was made; -1 for none."""
    n, k = len(trials.id), len(own.run)
    time_s, run = np.append(trials.finish_s, own.time_s), np.append(_run_of(trials.offsets), own.run)
    order = np.lexsort((np.repeat([0, 1], [n, k]), time_s, run))  # at equal times, trials come first
    n_finished = np.empty(n + k, dtype=np.int64)
    n_finished[order] = np.cumsum(order < n)  # trials of earlier runs included
    found = n_finished[n:]
    return np.where(found > trials.offsets[own.run], found - 1, -1)


def _find_binding_limit(spent: _Spent, limits: Mapping[str, float]) -> str:
    """Return the unit of the budget: of several limits, the one of which the largest share was spent."""
    return max(limits, key=lambda unit: float(spent[unit].max(initial=0.0)) / limits[unit])
