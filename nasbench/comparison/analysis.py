"""From a record to arrays: what each run found, and how its regret fell over simulated time.

The incumbent of a run is the finished trial with the best *observed* score at the largest fidelity reached so far
(``nasbench/recommending.py``). What is reported of it, and its regret, are means over seeds: a strategy is not paid for
lucky noise. Normalised regret is 0 at the task's optimum and 1 at the expected score of a uniformly drawn architecture;
until its first result a run is charged that 1, and a failed run is charged 1 throughout: failing must not pay.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasbench.arrays import Bools, Floats, Ints
from nasbench.comparison.record import Record
from nasbench.comparison.run import Run
from nasbench.errors import RecordError
from nasbench.recommending import find_incumbents
from nasbench.records.opening import recorded_task
from nasbench.simulation import History
from nasbench.tasks import AnyTask
from nasbench.units import Scale

N_GRID = 200


@dataclass(frozen=True)
class TaskAnalysis:
    """Everything about one task, [strategies, runs] in the order of the record.

    Attributes:
        name: of the task.
        splits: reported splits, the one that defines regret first.
        final: split -> [strategies, runs] reported score of the final incumbent; nan for a run without one.
        scales: split -> unit and direction of its values.
        regret: [strategies, runs] how much better the optimum is than the final incumbent, in the metric's unit.
        normalized: [strategies, runs] the same over that of a random architecture.
        grid: [G] share of the budget spent, from one trial's worth to all of it.
        curves: [strategies, runs, G] normalised regret at those times.
        anytime: [strategies, runs] mean of the normalised regret over the whole budget.
        n_trials: [strategies, runs] finished trials.
        overhead_s: [strategies, runs] real seconds inside the strategy.
        failed: [strategies, runs].
        budget: what a grid value of 1 means, and its unit.
        optimum: best possible reported score.
    """

    name: str
    splits: tuple[str, ...]
    scales: dict[str, Scale]
    final: dict[str, Floats]
    regret: Floats
    normalized: Floats
    grid: Floats
    curves: Floats
    anytime: Floats
    n_trials: Floats
    overhead_s: Floats
    failed: Bools
    budget: tuple[float, str]
    optimum: float


@dataclass(frozen=True)
class Analysis:
    """A whole record as arrays.

    Attributes:
        strategies: labels, the first axis of every array.
        tasks: one entry a task.
        n_workers, seed: of the experiment.
    """

    strategies: list[str]
    tasks: list[TaskAnalysis]
    n_workers: int
    seed: int

    @property
    def scores(self) -> Floats:
        """[tasks, strategies] mean normalised regret: the blocks of the comparison across tasks."""
        return np.array([task.normalized.mean(axis=1) for task in self.tasks])


def analyse(record: Record) -> Analysis:
    """Read a record and compute what leaderboard and plots show.

    Raises:
        RecordError: runs are missing, or the task is not the one that was recorded.
    """
    tasks = []
    for name in record.tasks:
        task = recorded_task(record, name)
        runs: list[Sequence[Run]] = []
        for strategy in record.strategies:
            own = record.runs(name, strategy)
            if len(own) < record.spec["runs"]:
                raise RecordError(
                    f"{record.path} holds {len(own)} of {record.spec['runs']} runs of {strategy} on {name}: "
                    "run the same comparison again to finish it"
                )
            runs.append(own)
        tasks.append(_analyse_task(name, task, runs, record))
    return Analysis(record.strategies, tasks, record.spec["n_workers"], record.spec["seed"])


def _analyse_task(name: str, task: AnyTask, runs: list[Sequence[Run]], record: Record) -> TaskAnalysis:
    shape = (len(runs), record.spec["runs"])
    budget, unit = _budget(task, record, runs)
    grid = np.geomspace(_first_share(runs, budget, unit), 1.0, N_GRID)
    final = {split: np.full(shape, np.nan) for split in task.reported}
    curves, anytime, normalized = np.ones((*shape, N_GRID)), np.ones(shape), np.ones(shape)
    sign, optimum = task.scales[task.reported[0]].sign, task.optimum.score
    scale = sign * (optimum - task.random_score)
    for i, own in enumerate(runs):
        for j, run in enumerate(own):
            best = find_incumbents(run.history.epoch, run.history.score[:, 0], run.history.crashed)
            if run.failed or not len(best):
                continue  # counts as an architecture drawn at random, with regret 1
            report = task.reported_of(run.history.arch[best])
            for split, values in report.items():
                final[split][i, j] = values[-1]
            spent = _spent(run, unit)[best] / budget
            # where all architectures are as good, whatever was found is the optimum
            levels = np.concatenate([[1.0], sign * (optimum - report[task.reported[0]]) / (scale or 1.0)])
            normalized[i, j] = levels[-1]
            curves[i, j] = levels[np.searchsorted(spent, grid, side="right")]
            anytime[i, j] = np.diff(np.concatenate([[0.0], np.minimum(spent, 1.0), [1.0]])) @ levels
    return TaskAnalysis(
        name=name,
        splits=task.reported,
        scales=task.scales,
        final=final,
        regret=normalized * scale,
        normalized=normalized,
        grid=grid,
        curves=curves,
        anytime=anytime,
        n_trials=np.array([[len(run.history.id) for run in own] for own in runs], dtype=float),
        overhead_s=np.array([[run.overhead_s for run in own] for own in runs]),
        failed=np.array([[run.failed for run in own] for own in runs]),
        budget=(budget, unit),
        optimum=optimum,
    )


def _spent(run: Run, unit: str) -> Floats:
    """Return what had been spent when each trial was told; ``[n]`` in the budget's unit."""
    if unit == "s":
        return run.history.finish_s
    each = _new_epochs(run.history) if unit == "epochs" else np.ones(len(run.history.id))
    return np.cumsum(each, dtype=np.float64)


def _new_epochs(history: History) -> Ints:
    """Return how many epochs each answer adds to those of its trial; ``[n]``."""
    order = np.argsort(history.id, kind="stable")
    ids, epochs = history.id[order], history.epoch[order]
    goes_on = np.diff(ids, prepend=ids[:1] - 1) == 0
    new = np.empty_like(epochs)
    new[order] = np.diff(epochs, prepend=0) * goes_on + epochs * ~goes_on
    return new


def _budget(task: AnyTask, record: Record, runs: list[Sequence[Run]]) -> tuple[float, str]:
    """Return the budget as a number and its unit; of several limits, the one of which most was spent."""
    units = {"seconds": "s", "trials": "trials", "epochs": "epochs"}
    limits = {units[key]: float(value) for key, value in record.spec["limits"].items() if value is not None}
    if not limits:
        return task.budget_s, "s"
    ran = [run for own in runs for run in own if len(run.history.id)]
    used = {unit: max((_spent(run, unit)[-1] for run in ran), default=0.0) / limit for unit, limit in limits.items()}
    unit = max(used, key=lambda name: used[name])
    return limits[unit], unit


def _first_share(runs: list[Sequence[Run]], budget: float, unit: str) -> float:
    """Return the share of the budget at which the first result of all came in: where curves begin."""
    first = [_spent(run, unit)[0] for own in runs for run in own if len(run.history.id)]
    return float(min(max(min(first, default=budget) / budget, 1e-3), 0.5))
