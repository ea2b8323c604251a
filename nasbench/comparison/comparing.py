"""Run a comparison: in parallel processes, resumable, with the same bits for any number of jobs."""

from collections.abc import Callable, Collection
from pathlib import Path

from nasbench.backends.checkpoints import FREE, Checkpoints
from nasbench.comparison.display import Record
from nasbench.comparison.experiment import SIMULATED, Experiment, Limits
from nasbench.comparison.running import append_run
from nasbench.records.contestants import Contestants, Tasks
from nasbench.records.filling import fill_record
from nasbench.simulation import Budget


def compare(
    tasks: Tasks,
    strategies: Contestants,
    *,
    runs: int = 100,
    seed: int = 0,
    limits: Limits | Budget | None = None,
    n_workers: int = 1,
    checkpoints: Checkpoints = FREE,
    clock: str = SIMULATED,
    opaque: bool | Collection[str] = False,
    n_jobs: int = 1,
    out: Path | str | None = None,
    beside: bool = False,
    retry_failed: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Record:
    """Compare strategies on tasks and record every trial.

    Args:
        tasks: names, as ``nasbench list`` shows them, or tasks that are already open.
        strategies: labels ``NAME[@PRESET][,option=value]``, or your own classes; a dictionary gives them names of
            your own, and so does ``nasbench.named``.
        runs: number of runs of each strategy on each task.
        seed: random seed; it determines every number of the record.
        limits: budget of each run; None for each task's default.
        n_workers: number of simulated workers of each run.
        checkpoints: what resuming a paused trial costs.
        clock: ``simulated``: strategies think for free; ``charged``: their own seconds count too.
        opaque: hide the names of operations, decisions and task from all strategies, or from those with these labels,
            for contestants that may have read about the benchmark; see ``docs/fair_comparison.md``.
        n_jobs: number of processes; -1 for one per core. The record does not depend on it.
        out: folder of the record; runs that it already holds are not repeated. None for a temporary folder, which is
            deleted when the record is no longer used.
        beside: if ``out`` holds another experiment, write into ``out-2``, ``out-3`` and so on.
        retry_failed: run failed runs again.
        on_progress: called with (finished runs, total runs).

    Warns:
        FailedRunsWarning: runs failed, now or in an earlier call that this one continues.

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
        clock=clock,
        opaque=opaque,
    )
    keys = {
        (task, choice.label): list(range(experiment.runs))
        for task in experiment.tasks
        for choice in experiment.strategies
    }
    return fill_record(
        Record,
        experiment,
        keys,
        append_run,
        n_jobs=n_jobs,
        out=out,
        beside=beside,
        retry_failed=retry_failed,
        on_progress=on_progress,
    )
