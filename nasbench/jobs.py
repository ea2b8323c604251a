"""Independent work at once, over processes."""

from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from joblib import Parallel

from nasbench.errors import InvalidOption, WorkerDied


def check_jobs(n_jobs: int) -> None:
    """Refuse a number of processes that is none.

    Raises:
        InvalidOption: zero, or below -1.
    """
    if n_jobs == 0 or n_jobs < -1:
        raise InvalidOption(f"{n_jobs} jobs; expected at least 1, or -1 for one per core")


def run_parallel(work: Iterable[Any], *, n_jobs: int | None, kept: Path) -> Iterator[Any]:
    """Yield what each piece of work returns as soon as it is there, in whatever order.

    Processes of this machine, or those of the backend of an active ``joblib.parallel_config``. Whoever stops
    asking, by Ctrl-C too, ends the processes.

    Args:
        work: calls made by ``joblib.delayed``.
        n_jobs: processes; -1 for one per core, None for what the active configuration says.
        kept: where finished work lies, for the message when a process dies.

    Raises:
        WorkerDied: a process was killed; what was finished stays.
    """
    try:
        yield from Parallel(n_jobs=n_jobs, return_as="generator_unordered")(work)
    except BrokenProcessPool as error:
        raise WorkerDied(
            f"a process was killed from outside, perhaps for lack of memory ({error}); finished work is kept "
            f"in {kept}: rerun the same command to resume; use fewer --jobs to reduce memory"
        ) from error
