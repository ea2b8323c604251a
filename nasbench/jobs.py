"""Parallel execution of independent work over processes."""

from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from joblib import Parallel

from nasbench.errors import InvalidOption, WorkerDied


def check_jobs(n_jobs: int) -> None:
    """Check a number of processes.

    Raises:
        InvalidOption: the number is zero, or below -1.
    """
    if n_jobs == 0 or n_jobs < -1:
        raise InvalidOption(f"{n_jobs} jobs; expected at least 1, or -1 for one per core")


def run_parallel(work: Iterable[Any], *, n_jobs: int | None, kept: Path) -> Iterator[Any]:
    """Yield the result of each piece of work as soon as it is available, in any order.

    The work runs in processes of this machine, or in those of the backend of an active ``joblib.parallel_config``.
    The processes end when the caller stops iterating, also by Ctrl-C.

    Args:
        work: calls made by ``joblib.delayed``.
        n_jobs: number of processes; -1 for one per core, None for that of the active configuration.
        kept: folder of finished work, for the message if a process dies.

    Raises:
        WorkerDied: a process was killed; finished work is kept.
    """
    try:
        yield from Parallel(n_jobs=n_jobs, return_as="generator_unordered")(work)
    except BrokenProcessPool as error:
        raise WorkerDied(
            f"a process was killed from outside, perhaps for lack of memory ({error}); finished work is kept "
            f"in {kept}: rerun the same command to resume; use fewer --jobs to reduce memory"
        ) from error
