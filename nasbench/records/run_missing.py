"""Doing what a record lacks, over processes."""

from collections.abc import Callable, Mapping
from typing import Any

from joblib import delayed, parallel_config

from nasbench.jobs import at_once
from nasbench.records.store import Pairs

Pair = tuple[str, str]
"""A task's name and a contestant's label."""


def fill(
    record: Pairs[Any],
    keys: Mapping[Pair, list[Any]],
    do: Callable[[Pair, Any], Pair],
    *,
    n_jobs: int,
    retry_failed: bool,
    on_progress: Callable[[int, int], None] | None,
) -> None:
    """Do the runs that a record lacks.

    Args:
        record: to fill.
        keys: of the runs that are wanted, by pair.
        do: ``do(pair, key)`` does one run, in whatever process, records it and returns the pair.
        n_jobs: processes; -1 for one a core.
        retry_failed: do failed runs again.
        on_progress: called with (runs done, runs in all).

    Raises:
        WorkerDied: a process was killed; what was finished stays.
    """
    left: dict[Pair, int] = {}
    work = []
    for pair, wanted in keys.items():
        if retry_failed:
            record.forget_failed(*pair, among=wanted)
        absent = set(record.missing(*pair))
        lacking = [key for key in wanted if key in absent]
        left[pair] = len(lacking)
        if not lacking:
            record.merge(*pair)  # killed after the last run, before it was merged
        work += [delayed(do)(pair, key) for key in lacking]
    total = sum(map(len, keys.values()))
    before = total - len(work)
    if on_progress:
        on_progress(before, total)
    # One thread a process for linear algebra: the processes already use the cores, and sums keep their order.
    with parallel_config(backend="loky", inner_max_num_threads=1):
        for done, pair in enumerate(at_once(work, n_jobs=n_jobs, kept=record.path), start=before + 1):
            left[pair] -= 1
            if left[pair] == 0:
                record.merge(*pair)
            if on_progress:
                on_progress(done, total)
