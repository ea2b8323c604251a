"""Parallel training of many networks: one process and one thread for each, on one device or several machines.

Small networks leave a CPU core, and even more a GPU, partly idle; several networks at once use it fully. The result of
a training run does not depend on their number: on a CPU, it has the same bits as training one by one with one thread.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from joblib import delayed
from joblib.parallel import ThreadingBackend, get_active_backend

from nasbench.errors import InvalidOption
from nasbench.jobs import check_jobs, run_parallel
from nasbench.threads import limit_to_one_thread
from nasbench.training.architectures import TrainingOutcome


def train_in_parallel(
    calls: Sequence[Callable[[], TrainingOutcome]],
    *,
    n_jobs: int | None,
    kept: Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[TrainingOutcome]:
    """Make calls that train networks, and return the outcome of each, without its network.

    Args:
        calls: calls that train, each in its own folder.
        n_jobs: processes of one thread each; -1 for one per core; 1 for one training run after the other in this
            process, with all threads of torch; None for the number in an active ``joblib.parallel_config``. Its
            backend is always used, such as dask's or ray's for several machines that share the folder.
        kept: the common folder, for messages.
        on_progress: called with (finished training runs, all training runs).

    Raises:
        InvalidOption: no process, or a backend of threads, which would share torch's generator.
        WorkerDied: a process was killed; finished training runs are kept.
    """
    backend, configured = get_active_backend()
    if n_jobs is None:
        n_jobs = configured or 1
    check_jobs(n_jobs)
    if n_jobs != 1 and isinstance(backend, ThreadingBackend):
        raise InvalidOption("threads share torch's random generator; use a joblib backend of processes")
    outcomes: dict[int, TrainingOutcome] = {}
    done: Iterator[tuple[int, TrainingOutcome]]
    one = _call_numbered if n_jobs == 1 else _call_alone
    if n_jobs == 1 or len(calls) == 1:
        done = (one(number, call) for number, call in enumerate(calls))
    else:
        done = run_parallel((delayed(one)(number, call) for number, call in enumerate(calls)), n_jobs=n_jobs, kept=kept)
    for number, outcome in done:
        outcomes[number] = outcome
        if on_progress:
            on_progress(len(outcomes), len(calls))
    return [outcomes[number] for number in range(len(calls))]


def _call_numbered(number: int, call: Callable[[], TrainingOutcome]) -> tuple[int, TrainingOutcome]:
    return number, replace(call(), network=None)


def _call_alone(number: int, call: Callable[[], TrainingOutcome]) -> tuple[int, TrainingOutcome]:
    with limit_to_one_thread():
        return _call_numbered(number, call)
