"""Run a comparison: in parallel processes, resumable, with the same bits for any number of jobs."""

import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from nasbench.backends.checkpoints import FREE, Checkpoints
from nasbench.choices import Choice
from nasbench.comparison.experiment import Experiment, Limits
from nasbench.comparison.record import Record
from nasbench.comparison.run import Run
from nasbench.files import exclusive_lock
from nasbench.jobs import check_jobs
from nasbench.records.contestants import Contestants, Tasks
from nasbench.records.opening import recorded_entries, recorded_task
from nasbench.records.provenance import warn_of_gaps
from nasbench.records.run_missing import run_missing
from nasbench.records.store import make_folder
from nasbench.records.stored_run import Pair
from nasbench.registry import STRATEGIES, with_epochs, with_observation_noise, with_target
from nasbench.simulation import Budget, Simulation, no_history
from nasbench.tasks import Task
from nasbench.tasks.recorded import as_recorded
from nasbench.threads import limit_to_one_thread


def one_run(experiment: Experiment, task: Task, choice: Choice, number: int) -> Run:
    """Run a strategy on a task once; if the strategy raises, the run counts as failed and no error is raised."""
    own, noise = experiment.streams(task.name, choice.label, number)
    simulation = None
    try:
        component, options = choice.resolve(STRATEGIES)
        options = with_epochs(component, with_target(component, options, task.name), task.epochs)
        options = with_observation_noise(component, options, task.observation_noise)
        with limit_to_one_thread():
            simulation = Simulation(
                component(task.space, own, **options),
                task.backend(noise),
                task.space,
                budget=experiment.limits.of(task),
                n_workers=experiment.n_workers,
                checkpoints=experiment.checkpoints,
            )
        with limit_to_one_thread():  # again, because the strategy may have loaded libraries with their own threads
            history = simulation.run()
        return Run(number, history, "", simulation.overhead_s, tuple(simulation.recommendations))
    except (Exception, SystemExit):
        # An error of a strategy affects only its own run; the other runs continue.
        error = traceback.format_exc()
        if simulation is None:
            return Run(number, no_history(task.space), error, 0.0)
        return Run(number, simulation.history, error, simulation.overhead_s, tuple(simulation.recommendations))


def _append_run(record: Record, experiment: Experiment, pair: Pair, number: int) -> None:
    """Do one run in this process and write it immediately."""
    task, label = pair
    choice = next(choice for choice in experiment.strategies if choice.label == label)
    record.append(task, label, recorded_run(record, experiment, task, choice, number))


def recorded_run(record: Record, experiment: Experiment, task: str, choice: Choice, number: int) -> Run:
    """Run a strategy once on a task as the record declares it, including the tasks that the strategy learns from."""
    opened = recorded_task(record, task)
    with as_recorded({**recorded_entries(record), opened.name: record.spec["tasks"][task]}):
        return one_run(experiment, opened, choice, number)


def compare(
    tasks: Tasks,
    strategies: Contestants,
    *,
    runs: int = 100,
    seed: int = 0,
    limits: Limits | Budget | None = None,
    n_workers: int = 1,
    checkpoints: Checkpoints = FREE,
    n_jobs: int = 1,
    out: Path | str | None = None,
    beside: bool = False,
    retry_failed: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Record:
    """Compare strategies on tasks and record every trial.

    Args:
        tasks: names, as ``nasbench list`` shows them, or tasks that are already open.
        strategies: labels ``NAME[@PRESET][,option=value]``, or your own classes.
        runs: number of runs of each strategy on each task.
        seed: random seed; it determines every number of the record.
        limits: budget of each run; None for each task's default.
        n_workers: number of simulated workers of each run.
        checkpoints: what resuming a paused trial costs.
        n_jobs: number of processes; -1 for one per core. The record does not depend on it.
        out: folder of the record; runs that it already holds are not repeated. None for a temporary folder, which is
            deleted when the record is no longer used.
        beside: if ``out`` holds another experiment, write into ``out-2``, ``out-3`` and so on.
        retry_failed: run failed runs again.
        on_progress: called with (finished runs, total runs).

    Returns:
        The record.

    Raises:
        NasbenchError: names or options are invalid; raised before anything runs.
        OSError: the record cannot be written; finished runs are kept.
    """
    experiment = Experiment.of(
        tasks,
        strategies,
        runs=runs,
        seed=seed,
        limits=Limits.parse(limits),
        n_workers=n_workers,
        checkpoints=checkpoints,
    )
    check_jobs(n_jobs)
    spec = experiment.spec()
    warn_of_gaps(spec)
    path = make_folder(out)
    if beside:
        path = Record.find_place(path, spec)
    with exclusive_lock(path / "spec.json"):
        record = Record.open_or_create(path, spec)
        if out is None:
            record.remove_when_unused()
        keys = {
            (task, choice.label): list(range(experiment.runs))
            for task in experiment.tasks
            for choice in experiment.strategies
        }
        # each process opens the tasks itself, from the record
        run_one = partial(_append_run, record, replace(experiment, given={}))
        run_missing(record, keys, run_one, n_jobs=n_jobs, retry_failed=retry_failed, on_progress=on_progress)
    return record
