"""From a record to arrays: metrics of every run, and how its regret fell over simulated time.

The incumbent of a run is the finished trial with the best *observed* score at the largest fidelity reached so far
(``nasbench/recommending.py``). What is reported of it, and its regret, are means over seeds: a strategy is not paid for
lucky noise. Normalised regret is 0 at the task's optimum and 1 at the expected score of a uniformly drawn architecture;
until its first result a run is charged that 1, and a failed run is charged 1 throughout: failing must not pay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nasbench.arrays import Bools, Floats
from nasbench.comparison.columns import RunColumns, concatenate_columns
from nasbench.comparison.record import Record
from nasbench.comparison.task_runs import join_task_runs
from nasbench.errors import RecordError
from nasbench.metrics import Metric, TaskRuns, make_metrics
from nasbench.records.opening import recorded_task
from nasbench.reports.statistics import ranks
from nasbench.reports.survival import compute_restricted_mean, find_horizon
from nasbench.tasks import Task
from nasbench.units import Scale

N_GRID = 200
_UNITS = {"seconds": "s", "trials": "trials", "epochs": "epochs"}


@dataclass(frozen=True)
class TaskAnalysis:
    """Everything about one task, [strategies, runs] in the order of the record.

    Attributes:
        name: of the task.
        splits: reported splits, the one that defines regret first.
        final: split -> [strategies, runs] reported score of the final incumbent; nan for a run without one.
        scales: split -> unit and direction of its values.
        metrics: name -> [strategies, runs]; nan for a run of which the metric says nothing.
        censored: name -> [strategies, runs] runs of which only a lower bound is known; only of metrics that censor.
        metric_scales: name -> unit and direction of a metric's values.
        grid: [G] share of the budget spent, from one trial's worth to all of it.
        curves: [strategies, runs, G] normalised regret at those times.
        failed: [strategies, runs].
        budget: what a grid value of 1 means, and its unit.
        optimum: best possible reported score.
        recommends: whether a strategy says itself what it would hand over.
    """

    name: str
    splits: tuple[str, ...]
    scales: dict[str, Scale]
    final: dict[str, Floats]
    metrics: dict[str, Floats]
    censored: dict[str, Bools]
    metric_scales: dict[str, Scale]
    grid: Floats
    curves: Floats
    failed: Bools
    budget: tuple[float, str]
    optimum: float
    recommends: bool

    def summarize(self, name: str) -> Floats:
        """Return one number of each strategy by a metric, ``[strategies]``; nan where no run has a value.

        The mean over its runs; where runs are censored, the restricted mean up to a horizon that all strategies share.
        """
        values, known = self.metrics[name], ~np.isnan(self.metrics[name])
        if name not in self.censored:
            sums, n = np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1)
            means: Floats = np.divide(sums, n, out=np.full(len(sums), np.nan), where=n > 0)
            return np.where(known.all(axis=1), values.mean(axis=1), means)
        censored = self.censored[name]
        horizon = find_horizon(np.where(known, values, 0.0), censored & known)
        each = zip(values, censored, known, strict=True)
        return np.array([compute_restricted_mean(times[k], ends[k], horizon) for times, ends, k in each])

    def rank_by(self, name: str) -> Floats:
        """Return the rank of each strategy by a metric, 1 for the best, [strategies]; nan where none is better."""
        scale, level = self.metric_scales[name], self.summarize(name)
        if scale.direction == "none":
            return np.full(len(level), np.nan)
        return ranks(np.where(np.isnan(level), np.inf, -scale.sign * level))


@dataclass(frozen=True)
class Analysis:
    """A whole record as arrays.

    Attributes:
        strategies: labels, the first axis of every array.
        tasks: one entry a task.
        n_workers, seed: of the experiment.
        metrics: name -> what each metric is.
    """

    strategies: list[str]
    tasks: list[TaskAnalysis]
    n_workers: int
    seed: int
    metrics: dict[str, Metric]

    @property
    def scores(self) -> Floats:
        """[tasks, strategies] mean normalised regret: the blocks of the comparison across tasks."""
        return self.summarize("normalized_regret")

    @property
    def recommends(self) -> bool:
        """Whether a strategy says itself what it would hand over."""
        return any(task.recommends for task in self.tasks)

    def summarize(self, name: str) -> Floats:
        """Return one number of each task and strategy by a metric; ``[tasks, strategies]``."""
        return np.array([task.summarize(name) for task in self.tasks])


def analyse(record: Record, metrics: Sequence[str] = ()) -> Analysis:
    """Read a record and compute what leaderboard and plots show.

    Args:
        record: a comparison.
        metrics: labels ``NAME[,option=value]`` or ``module:Class`` to compute besides all that are registered.

    Raises:
        RecordError: runs are missing, or the task is not the one that was recorded.
        UnknownName, InvalidOption: a metric that does not exist.
    """
    computed, tasks = make_metrics(metrics), []
    for name in record.tasks:
        task = recorded_task(record, name)
        runs = concatenate_columns([_read_complete(record, name, strategy) for strategy in record.strategies])
        limits = {_UNITS[key]: float(value) for key, value in record.spec["limits"].items() if value is not None}
        joined = join_task_runs(task, runs, limits)
        tasks.append(_analyse_task(name, task, joined, len(record.strategies), computed))
    return Analysis(record.strategies, tasks, record.spec["n_workers"], record.spec["seed"], computed)


def _read_complete(record: Record, task: str, strategy: str) -> RunColumns:
    """Return all runs of a pair, joined.

    Raises:
        RecordError: runs are missing.
    """
    runs = record.columns(task, strategy)
    if len(runs) < record.spec["runs"]:
        raise RecordError(
            f"{record.path} holds {len(runs)} of {record.spec['runs']} runs of {strategy} on {task}: "
            "run the same comparison again to finish it"
        )
    return runs


def _analyse_task(
    name: str, task: Task, runs: TaskRuns, n_strategies: int, metrics: Mapping[str, Metric]
) -> TaskAnalysis:
    shape = (n_strategies, -1)
    computed = {label: metric.compute(runs) for label, metric in metrics.items()}
    track = runs.incumbents
    share = track.spent[runs.unit] / runs.budget
    grid = np.geomspace(_find_first_share(runs), 1.0, N_GRID)
    curves = track.read_at(runs.normalize(track.regret), share, grid, 1.0)
    return TaskAnalysis(
        name=name,
        splits=task.reported,
        scales=task.scales,
        final={split: track.read_last(values, np.nan).reshape(shape) for split, values in track.reported.items()},
        metrics={label: found.values.reshape(shape) for label, found in computed.items()},
        censored={
            label: found.censored.reshape(shape) for label, found in computed.items() if found.censored is not None
        },
        metric_scales={label: metric.find_scale(runs) for label, metric in metrics.items()},
        grid=grid,
        curves=curves.reshape(n_strategies, -1, N_GRID),
        failed=runs.failed.reshape(shape),
        budget=(runs.budget, runs.unit),
        optimum=task.optimum.score,
        recommends=runs.recommended is not runs.incumbents,
    )


def _find_first_share(runs: TaskRuns) -> float:
    """Return the share of the budget at which the first result of all came in: where curves begin."""
    first = runs.spent[runs.unit][runs.trials.offsets[:-1][runs.n_trials > 0]]
    return float(min(max(first.min(initial=runs.budget) / runs.budget, 1e-3), 0.5))
