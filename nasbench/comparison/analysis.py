"""Turn a record into arrays: the metrics of every run, and its regret over simulated time.

The incumbent of a run is the finished trial with the best *observed* score at the largest fidelity reached so far
(``nasbench/recommending.py``). Its reported score and its regret are means over seeds, so that lucky noise does not
count. Normalised regret is 0 at the task's optimum and 1 at the expected score of a uniformly drawn architecture. A run
has normalised regret 1 until its first result, and a failed run has 1 throughout, so that failing never pays.

If runs are missing, the arrays hold the largest complete block of runs (``nasbench/comparison/progress.py``), and the
analysis of each other pair of task and strategy has its own finished runs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Bools, Floats, Ints
from nasbench.comparison.columns import concatenate_columns
from nasbench.comparison.experiment import SIMULATED
from nasbench.comparison.found import FoundArchitectures, collect_found, repeat_labels
from nasbench.comparison.progress import Block, Progress
from nasbench.comparison.record import SearchRecord
from nasbench.comparison.task_runs import join_task_runs
from nasbench.errors import RecordError
from nasbench.metrics import Metric, TaskRuns, make_metrics
from nasbench.records.opening import recorded_task
from nasbench.statistics.intervals import compute_iqm
from nasbench.statistics.ranking import average_ranks, rank
from nasbench.statistics.sampling import TaskSample
from nasbench.statistics.survival import compute_restricted_mean, find_horizon
from nasbench.tasks import Task
from nasbench.tasks.families import find_family
from nasbench.units import Scale

N_GRID = 200
RANKED_BY = "normalized_regret"
"""The metric by which strategies are ranked."""

_UNITS = {"seconds": "s", "trials": "trials", "epochs": "epochs"}


@dataclass(frozen=True)
class TaskAnalysis:
    """The results on one task; arrays are [strategies, runs] in the order of the record.

    Attributes:
        name: of the task.
        family: of the task; results on the tasks of a family are not independent.
        runs: number of each run.
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
    family: str
    runs: Ints
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

        This is the interquartile mean over runs, as the leaderboard shows it, or, for a metric that censors, the
        restricted mean up to a horizon that all strategies share.
        """
        values, known = self.metrics[name], ~np.isnan(self.metrics[name])
        if not values.size:
            return np.full(len(values), np.nan)
        if name not in self.censored:
            if known.all():
                return compute_iqm(values, self.failed)
            each = zip(values, self.failed, known, strict=True)
            return np.array([compute_iqm(own[k], out[k]) if k.any() else np.nan for own, out, k in each])
        horizon = self.find_horizon(name)
        return np.array(
            [
                compute_restricted_mean(times[k], ends[k], horizon) if k.any() else np.nan
                for times, ends, k in zip(values, self.censored[name], known, strict=True)
            ]
        )

    def find_horizon(self, name: str) -> float:
        """Find the latest time up to which a metric that censors is known of all strategies."""
        known = ~np.isnan(self.metrics[name])
        return find_horizon(np.where(known, self.metrics[name], 0.0), self.censored[name] & known)

    def rank_by(self, name: str) -> Floats:
        """Rank the strategies by a metric, 1 for the best, [strategies]; nan for a metric without a direction."""
        direction = self.metric_scales[name].direction
        if direction not in ("minimize", "maximize"):
            return np.full(len(self.metrics[name]), np.nan)
        return rank(self.summarize(name), direction)

    def select(self, at: Ints) -> "TaskAnalysis":
        """Return the analysis of some runs: ``at`` [strategies, runs] are their positions in the flattened arrays."""

        def take(arrays: Mapping[str, Floats]) -> dict[str, Floats]:
            return {name: values.ravel()[at] for name, values in arrays.items()}

        return replace(
            self,
            runs=self.runs.ravel()[at],
            final=take(self.final),
            metrics=take(self.metrics),
            censored={name: values.ravel()[at] for name, values in self.censored.items()},
            curves=self.curves.reshape(-1, self.curves.shape[-1])[at],
            failed=self.failed.ravel()[at],
            usage=take(self.usage),
        )


class PairAnalysis(NamedTuple):
    """The finished runs of a task and strategy.

    Attributes:
        strategy: label of the strategy.
        task: analysis with these runs.
        at: position of the strategy in ``task``.
        rank: rank on the task by normalised regret; nan for a strategy that is not ranked there.
    """

    strategy: str
    task: TaskAnalysis
    at: int
    rank: float


@dataclass(frozen=True)
class Analysis:
    """A whole record as arrays; of an unfinished record, the largest complete block of runs.

    Attributes:
        strategies: labels of the ranked strategies, the first axis of every array.
        tasks: results on each ranked task.
        n_workers, seed: settings of the experiment.
        metrics: name -> metric.
        progress: which runs are finished.
        block: the runs in the arrays.
        pairs: all finished runs of each pair of task and strategy, of tasks that were begun, in the record's order.
        found: the architectures that the runs hand over, for each of these tasks.
        conditions: under which strategies ran, where they are not the usual ones, as sentences.
    """

    strategies: list[str]
    tasks: list[TaskAnalysis]
    n_workers: int
    seed: int
    metrics: dict[str, Metric]
    progress: Progress
    block: Block
    pairs: list[PairAnalysis]
    found: list[FoundArchitectures]
    conditions: tuple[str, ...] = ()

    @cached_property
    def sample(self) -> TaskSample:
        """The ranked tasks as a sample of tasks like these."""
        return TaskSample(tuple(task.family for task in self.tasks))

    @cached_property
    def levels(self) -> Floats:
        """[tasks, strategies] interquartile mean of the normalised regret, by which tasks are ranked."""
        return self.summarize(RANKED_BY)

    @cached_property
    def average_rank(self) -> Floats:
        """[strategies] average rank over the ranked tasks; families of tasks weigh alike."""
        return average_ranks(self.levels, self.sample, "minimize")

    @cached_property
    def order(self) -> list[int]:
        """Positions of the strategies in the order of the leaderboard: by average rank, then by label."""
        average = self.average_rank.tolist()
        return sorted(range(len(average)), key=lambda i: (average[i], self.strategies[i]))

    @property
    def recommends(self) -> bool:
        """Whether a strategy makes its own recommendations."""
        return any(task.recommends for task in self.tasks)

    def summarize(self, name: str) -> Floats:
        """Summarise a metric in one number per task and strategy; ``[tasks, strategies]``."""
        return np.array([task.summarize(name) for task in self.tasks])


def analyse(
    record: SearchRecord, metrics: Sequence[str] = (), on_progress: Callable[[int, int], None] | None = None
) -> Analysis:
    """Read a record and compute everything that the leaderboard and the plots show.

    Args:
        record: the record of a comparison.
        metrics: labels ``NAME[,option=value]`` or ``module:Class`` to compute besides all registered metrics.
        on_progress: is called with the number of tasks that are read, and of all tasks.

    Raises:
        RecordError: no run is finished, or the task is not the one that was recorded.
        UnknownName, InvalidOption: a metric does not exist.
    """
    computed = make_metrics(metrics)
    limits = {_UNITS[key]: float(value) for key, value in record.spec["limits"].items() if value is not None}
    numbers, flat, found = [], {}, []
    for name in record.tasks:
        parts = [record.columns(name, strategy) for strategy in record.strategies]
        numbers.append([part.number for part in parts])
        if any(map(len, parts)):
            task = recorded_task(record, name)
            runs = concatenate_columns(parts)
            joined = join_task_runs(task, runs, limits)
            number = np.concatenate(numbers[-1])
            used = {label: total.reshape(1, -1) for label, total in runs.usage.items()}
            flat[name] = replace(_analyse_task(name, task, joined, number, computed), usage=used)
            found.append(collect_found(name, task, repeat_labels(record.strategies, parts), number, joined))
        if on_progress:
            on_progress(len(numbers), len(record.tasks))
    progress = Progress.of_numbers(record.tasks, record.strategies, record.spec["runs"], numbers)
    if not flat:
        raise RecordError(f"{record.path} holds none of its {progress.done.size} runs: run the same comparison again")
    block = progress.find_block()
    tasks = [_select_block(flat[record.tasks[at]], progress, block, at) for at in block.tasks.tolist()]
    return Analysis(
        strategies=[record.strategies[i] for i in block.strategies.tolist()],
        tasks=tasks,
        n_workers=record.spec["n_workers"],
        seed=record.spec["seed"],
        metrics=computed,
        progress=progress,
        block=block,
        pairs=_list_pairs(flat, tasks, progress, block),
        found=found,
        conditions=tuple(_describe_conditions(record)),
    )


def _describe_conditions(record: SearchRecord) -> Iterator[str]:
    """Yield what differs from the usual conditions of a comparison."""
    if record.spec.get("clock", SIMULATED) != SIMULATED:
        yield f"clock: {record.spec['clock']}: the strategies' own seconds count besides those of the trials"
    if opaque := [label for label in record.strategies if record.spec["strategies"][label].get("opaque")]:
        who = "every strategy" if len(opaque) == len(record.strategies) else ", ".join(opaque)
        yield f"opaque: {who} searched under neutral names and in an order drawn for each run"


def _find_starts(progress: Progress, task: int) -> Ints:
    """Return where the runs of each strategy begin among all finished runs of a task."""
    counts = progress.counts[task]
    return np.asarray(np.cumsum(counts) - counts)


def _select_block(flat: TaskAnalysis, progress: Progress, block: Block, task: int) -> TaskAnalysis:
    """Return the runs of the block from the analysis of all finished runs of the task at position ``task``."""
    finished_before = np.cumsum(progress.done[task], axis=1) - progress.done[task]
    at = _find_starts(progress, task)[:, None] + finished_before
    return flat.select(at[np.ix_(block.strategies, block.runs)])


def _list_pairs(
    flat: Mapping[str, TaskAnalysis], tasks: Sequence[TaskAnalysis], progress: Progress, block: Block
) -> list[PairAnalysis]:
    """Return every pair of the tasks that were begun, with all its finished runs."""
    ranked = {task.name: dict(zip(block.strategies.tolist(), _rank(task), strict=True)) for task in tasks}
    whole = {task.name: task for task in tasks}
    pairs = []
    for t, name in enumerate(progress.tasks):
        starts, counts = _find_starts(progress, t).tolist(), progress.counts[t].tolist()
        for s, strategy in enumerate(progress.strategies if name in flat else ()):
            rank = ranked.get(name, {}).get(s, np.nan)
            if not np.isnan(rank) and counts[s] == len(block.runs):
                pairs.append(PairAnalysis(strategy, whole[name], block.strategies.tolist().index(s), rank))
            else:
                own = flat[name].select(np.arange(starts[s], starts[s] + counts[s])[None])
                pairs.append(PairAnalysis(strategy, own, 0, rank))
    return pairs


def _rank(task: TaskAnalysis) -> list[float]:
    found: list[float] = task.rank_by(RANKED_BY).tolist()
    return found


def _analyse_task(name: str, task: Task, runs: TaskRuns, number: Ints, metrics: Mapping[str, Metric]) -> TaskAnalysis:
    """Compute everything of all finished runs of a task; each array has one row, ``[1, R]``."""
    shape = (1, -1)
    computed = {label: metric.compute(runs) for label, metric in metrics.items()}
    track = runs.incumbents
    share = track.spent[runs.unit] / runs.budget
    grid = np.geomspace(_find_first_share(runs), 1.0, N_GRID)
    curves = track.read_at(runs.normalize(track.regret), share, grid, 1.0)
    curves[:, -1] = computed[RANKED_BY].values  # the number of the leaderboard, to the bit
    return TaskAnalysis(
        name=name,
        family=find_family(task),
        runs=number.reshape(shape),
        splits=task.reported,
        scales=task.scales,
        final={split: track.read_last(values, np.nan).reshape(shape) for split, values in track.reported.items()},
        metrics={label: found.values.reshape(shape) for label, found in computed.items()},
        censored={
            label: found.censored.reshape(shape) for label, found in computed.items() if found.censored is not None
        },
        metric_scales={label: metric.find_scale(runs) for label, metric in metrics.items()},
        grid=grid,
        curves=curves[None],
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
