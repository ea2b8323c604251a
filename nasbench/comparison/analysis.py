"""Turn a record into arrays: the metrics of every run, and its regret over simulated time.

The incumbent of a run is the finished trial with the best *observed* score at the largest fidelity reached so far
(``nasbench/recommending.py``). Its reported score and its regret are means over seeds, so that lucky noise does not
count. Normalised regret is 0 at the task's optimum and 1 at the expected score of a uniformly drawn architecture. A run
has normalised regret 1 until its first result, and a failed run has 1 throughout, so that failing never pays.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nasbench.arrays import Bools, Floats
from nasbench.comparison.columns import RunColumns, concatenate_columns
from nasbench.comparison.experiment import SIMULATED
from nasbench.comparison.record import SearchRecord
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
    """The results on one task; arrays are [strategies, runs] in the order of the record.

    Attributes:
        name: of the task.
        splits: reported splits; the first one defines regret.
        final: split -> [strategies, runs] reported score of the final incumbent; nan for a run without one.
        scales: split -> unit and direction of its values.
        metrics: name -> [strategies, runs]; nan for a run in which the metric is undefined.
        censored: name -> [strategies, runs] runs for which only a lower bound is known; only for metrics that censor.
        metric_scales: name -> unit and direction of a metric's values.
        grid: [G] share of the budget spent, from the cost of one trial to 1.
        curves: [strategies, runs, G] normalised regret at those times.
        failed: [strategies, runs] whether the run failed.
        budget: the budget, a grid value of 1, and its unit.
        optimum: best possible reported score.
        recommends: whether a strategy makes its own recommendations.
        usage: name -> [strategies, runs] what strategies say that they used, such as tokens; nan where they do not say.
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
    usage: dict[str, Floats]

    def summarize(self, name: str) -> Floats:
        """Summarise a metric in one number per strategy, ``[strategies]``; nan if no run has a value.

        This is the mean over runs, or, for a metric that censors, the restricted mean up to a horizon that all
        strategies share.
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
        """Rank the strategies by a metric, 1 for the best, [strategies]; nan for a metric without a direction."""
        scale, level = self.metric_scales[name], self.summarize(name)
        if scale.direction == "none":
            return np.full(len(level), np.nan)
        return ranks(np.where(np.isnan(level), np.inf, -scale.sign * level))


@dataclass(frozen=True)
class Analysis:
    """A whole record as arrays.

    Attributes:
        strategies: labels, the first axis of every array.
        tasks: results on each task.
        n_workers, seed: settings of the experiment.
        metrics: name -> metric.
        conditions: under which strategies ran, where they are not the usual ones, as sentences.
    """

    strategies: list[str]
    tasks: list[TaskAnalysis]
    n_workers: int
    seed: int
    metrics: dict[str, Metric]
    conditions: tuple[str, ...] = ()

    @property
    def scores(self) -> Floats:
        """[tasks, strategies] mean normalised regret: the blocks of tests across tasks."""
        return self.summarize("normalized_regret")

    @property
    def recommends(self) -> bool:
        """Whether a strategy makes its own recommendations."""
        return any(task.recommends for task in self.tasks)

    def summarize(self, name: str) -> Floats:
        """Summarise a metric in one number per task and strategy; ``[tasks, strategies]``."""
        return np.array([task.summarize(name) for task in self.tasks])


def analyse(record: SearchRecord, metrics: Sequence[str] = ()) -> Analysis:
    """Read a record and compute everything that the leaderboard and the plots show.

    Args:
        record: the record of a comparison.
        metrics: labels ``NAME[,option=value]`` or ``module:Class`` to compute besides all registered metrics.

    Raises:
        RecordError: runs are missing, or the task is not the one that was recorded.
        UnknownName, InvalidOption: a metric does not exist.
    """
    computed, tasks = make_metrics(metrics), []
    for name in record.tasks:
        task = recorded_task(record, name)
        runs = concatenate_columns([_read_complete(record, name, strategy) for strategy in record.strategies])
        limits = {_UNITS[key]: float(value) for key, value in record.spec["limits"].items() if value is not None}
        joined = join_task_runs(task, runs, limits)
        analysed = _analyse_task(name, task, joined, len(record.strategies), computed)
        used = {label: total.reshape(len(record.strategies), -1) for label, total in runs.usage.items()}
        tasks.append(replace(analysed, usage=used))
    spec, conditions = record.spec, tuple(_describe_conditions(record))
    return Analysis(record.strategies, tasks, spec["n_workers"], spec["seed"], computed, conditions)


def _describe_conditions(record: SearchRecord) -> Iterator[str]:
    """Yield what differs from the usual conditions of a comparison."""
    if record.spec.get("clock", SIMULATED) != SIMULATED:
        yield f"clock: {record.spec['clock']}: the strategies' own seconds count besides those of the trials"
    if opaque := [label for label in record.strategies if record.spec["strategies"][label].get("opaque")]:
        who = "every strategy" if len(opaque) == len(record.strategies) else ", ".join(opaque)
        yield f"opaque: {who} searched under neutral names and in an order drawn for each run"


def _read_complete(record: SearchRecord, task: str, strategy: str) -> RunColumns:
    """Return all runs of a task and strategy, joined.

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
        usage={},
    )


def _find_first_share(runs: TaskRuns) -> float:
    """Return the share of the budget at which the first result of all came in: where curves begin."""
    first = runs.spent[runs.unit][runs.trials.offsets[:-1][runs.n_trials > 0]]
    return float(min(max(first.min(initial=runs.budget) / runs.budget, 1e-3), 0.5))
