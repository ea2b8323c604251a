"""Running a comparison: in parallel over processes, resumable, the same bits for any number of jobs."""

import json
import tempfile
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from pathlib import Path

from joblib import Parallel, delayed, parallel_config

from nasbench.errors import InvalidOption, RecordError, WorkerDied
from nasbench.experiment._experiment import Experiment, Limits, task_entry
from nasbench.experiment._record import Record, Run
from nasbench.files import alone
from nasbench.registry import STRATEGIES, Choice
from nasbench.simulation import Simulation, no_history
from nasbench.tasks import SurrogateTask, Task, load_task


@lru_cache(maxsize=64)
def open_task(name: str, entry: str) -> Task | SurrogateTask:
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


def recorded_task(record: Record, name: str) -> Task | SurrogateTask:
    """Open a task of a record.

    Raises:
        RecordError: its declaration or a table has changed since.
    """
    return open_task(name, json.dumps(record.spec["tasks"][name], sort_keys=True))


def one_run(experiment: Experiment, task: Task | SurrogateTask, choice: Choice, number: int) -> Run:
    """Run one strategy on one task once; a strategy that raises gives a failed run, not an error."""
    own, noise = experiment.streams(task.name, choice.label, number)
    simulation = None
    try:
        component, options = choice.resolve(STRATEGIES)
        simulation = Simulation(
            component(task.space, own, **options),
            task.backend(noise),
            task.space,
            budget=experiment.limits.of(task),
            n_workers=experiment.n_workers,
        )
        return Run(number, simulation.run(), overhead_s=simulation.overhead_s)
    except (Exception, SystemExit):
        # Whatever a strategy does wrong belongs to its run; the other runs go on.
        history = simulation.history if simulation else no_history(len(task.space.decisions))
        return Run(number, history, traceback.format_exc(), simulation.overhead_s if simulation else 0.0)


def _recorded(record: Record, experiment: Experiment, task: str, choice: Choice, number: int) -> tuple[str, str]:
    """Do one run in this process and write it at once."""
    record.append(task, choice.label, one_run(experiment, recorded_task(record, task), choice, number))
    return task, choice.label


def compare(
    tasks: str | Sequence[str],
    strategies: "str | type | Choice | Sequence[str | type | Choice]",
    *,
    runs: int = 100,
    seed: int = 0,
    limits: Limits | None = None,
    n_workers: int = 1,
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
    experiment = Experiment.of(tasks, strategies, runs=runs, seed=seed, limits=limits or Limits(), n_workers=n_workers)
    if n_jobs == 0 or n_jobs < -1:
        raise InvalidOption(f"{n_jobs} jobs; expected at least 1, or -1 for one per core")
    spec = experiment.spec()
    path = Path(out) if out is not None else Path(tempfile.mkdtemp(prefix="nasbench-"))
    with alone(path / "spec.json"):
        record = Record.open_for(path, spec)
        _fill(record, experiment, n_jobs, retry_failed, on_progress)
    return record


def _fill(
    record: Record,
    experiment: Experiment,
    n_jobs: int,
    retry_failed: bool,
    on_progress: Callable[[int, int], None] | None,
) -> None:
    """Do the runs that a record lacks."""
    pairs = {(task, choice.label): choice for task in experiment.tasks for choice in experiment.strategies}
    left: dict[tuple[str, str], int] = {}
    work = []
    for task in experiment.tasks:
        for choice in experiment.strategies:
            if retry_failed:
                record.forget_failed(task, choice.label, below=experiment.runs)
            numbers = [number for number in record.missing(task, choice.label) if number < experiment.runs]
            left[task, choice.label] = len(numbers)
            if not numbers:
                record.merge(task, choice.label)  # killed after the last run, before it was merged
            work += [delayed(_recorded)(record, experiment, task, choice, number) for number in numbers]
    total = experiment.runs * len(left)
    if on_progress:
        on_progress(total - len(work), total)
    # One thread a process for linear algebra: the processes already use the cores, and sums keep their order.
    with parallel_config(backend="loky", inner_max_num_threads=1):
        pairs = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(work)
        try:
            for done, pair in enumerate(pairs, start=total - len(work) + 1):
                left[pair] -= 1
                if left[pair] == 0:
                    record.merge(*pair)
                if on_progress:
                    on_progress(done, total)
        except BrokenProcessPool as error:
            raise WorkerDied(
                f"a process was killed from outside, perhaps for lack of memory ({error}); what was finished is "
                f"kept in {record.path}: the same command goes on from there, fewer --jobs need less memory"
            ) from error
