"""Running a comparison: in parallel over processes, resumable, the same bits for any number of jobs."""

import json
import tempfile
import traceback
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from nasbench.backends.checkpoints import FREE, Checkpoints
from nasbench.errors import RecordError
from nasbench.experiment._experiment import Experiment, Limits, task_entry, warn_of_gaps
from nasbench.experiment._fill import Pair, fill
from nasbench.experiment._pairs import Pairs
from nasbench.experiment._record import Record, Run
from nasbench.files import alone
from nasbench.jobs import check_jobs
from nasbench.registry import STRATEGIES, Choice, told_epochs, told_target
from nasbench.simulation import Simulation, no_history
from nasbench.tasks import AnyTask, load_task
from nasbench.threads import one_thread


@lru_cache(maxsize=64)
def open_task(name: str, entry: str) -> AnyTask:
    """Open a task once in a process, so that its columns are loaded once for all runs.

    Args:
        name: of the task.
        entry: what the record says of it, as text: another declaration or table is another task.

    Raises:
        RecordError: the task is not the one recorded.
    """
    task = load_task(name)
    now = json.dumps(task_entry(name, task), sort_keys=True)
    if now != entry:
        raise RecordError(f"task {name} is not the one recorded: {entry} then, {now} now")
    return task


def recorded_task(record: Pairs[Any], name: str) -> AnyTask:
    """Open a task of a record.

    Raises:
        RecordError: its declaration or a table has changed since.
    """
    return open_task(name, json.dumps(record.spec["tasks"][name], sort_keys=True))


def one_run(experiment: Experiment, task: AnyTask, choice: Choice, number: int) -> Run:
    """Run one strategy on one task once; a strategy that raises gives a failed run, not an error."""
    own, noise = experiment.streams(task.name, choice.label, number)
    simulation = None
    try:
        component, options = choice.resolve(STRATEGIES)
        options = told_epochs(component, told_target(component, options, task.name), task.epochs)
        with one_thread():
            simulation = Simulation(
                component(task.space, own, **options),
                task.backend(noise),
                task.space,
                budget=experiment.limits.of(task),
                n_workers=experiment.n_workers,
                checkpoints=experiment.checkpoints,
            )
        with one_thread():  # once more, since a strategy may have loaded libraries with threads of their own
            history = simulation.run()
        return Run(number, history, overhead_s=simulation.overhead_s)
    except (Exception, SystemExit):
        # Whatever a strategy does wrong belongs to its run; the other runs go on.
        history = simulation.history if simulation else no_history(len(task.space.decisions))
        return Run(number, history, traceback.format_exc(), simulation.overhead_s if simulation else 0.0)


def _recorded(record: Record, experiment: Experiment, pair: Pair, number: int) -> Pair:
    """Do one run in this process and write it at once."""
    task, label = pair
    choice = next(choice for choice in experiment.strategies if choice.label == label)
    record.append(task, label, one_run(experiment, recorded_task(record, task), choice, number))
    return pair


def compare(
    tasks: str | Sequence[str],
    strategies: "str | type | Choice | Sequence[str | type | Choice]",
    *,
    runs: int = 100,
    seed: int = 0,
    limits: Limits | None = None,
    n_workers: int = 1,
    checkpoints: Checkpoints = FREE,
    n_jobs: int = 1,
    out: Path | str | None = None,
    retry_failed: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Record:
    """Compare strategies on tasks and record every trial.

    Args:
        tasks: names, as ``nasbench list`` shows them.
        strategies: labels ``NAME[@PRESET][,option=value]``, or classes of your own.
        runs: repetitions of each pair.
        seed: decides every number of the record.
        limits: budget of each run; None for each task's default.
        n_workers: simulated workers of each run.
        checkpoints: what it takes to go on with a paused trial.
        n_jobs: processes; -1 for one per core. The record does not depend on it.
        out: where to write; what is already there is not done again. None for a temporary folder.
        retry_failed: do failed runs again.
        on_progress: called with (runs done, runs in all).

    Returns:
        The record.

    Raises:
        NasbenchError: bad names or options, before anything runs.
        OSError: the record cannot be written; what was finished stays.
    """
    experiment = Experiment.of(
        tasks,
        strategies,
        runs=runs,
        seed=seed,
        limits=limits or Limits(),
        n_workers=n_workers,
        checkpoints=checkpoints,
    )
    check_jobs(n_jobs)
    spec = experiment.spec()
    warn_of_gaps(spec)
    path = Path(out) if out is not None else Path(tempfile.mkdtemp(prefix="nasbench-"))
    with alone(path / "spec.json"):
        record = Record.open_for(path, spec)
        keys = {
            (task, choice.label): list(range(runs)) for task in experiment.tasks for choice in experiment.strategies
        }
        do = partial(_recorded, record, experiment)
        fill(record, keys, do, n_jobs=n_jobs, retry_failed=retry_failed, on_progress=on_progress)
    return record
