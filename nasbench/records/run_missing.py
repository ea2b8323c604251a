"""Doing what a record lacks, over processes."""

from collections.abc import Callable, Mapping
from typing import Any

from joblib import delayed, parallel_config

from nasbench.jobs import at_once
from nasbench.records.store import RunStore
from nasbench.records.stored_run import Pair


def run_missing(
    record: RunStore[Any],
    keys: Mapping[Pair, list[Any]],
    run_one: Callable[[Pair, Any], None],
    *,
    n_jobs: int,
    retry_failed: bool,
    on_progress: Callable[[int, int], None] | None,
) -> None:
    """Do the runs that a record lacks, and merge them into it; call it under the record's lock.

    Args:
        record: to complete.
        keys: of the runs that are wanted, by pair.
        run_one: ``run_one(pair, key)`` does one run, in whatever process, and appends it to the record.
        n_jobs: processes; -1 for one a core.
        retry_failed: do failed runs again.
        on_progress: called with (runs done, runs in all).

    Raises:
        WorkerDied: a process was killed; what was finished stays.
    """
    record.merge()  # what an interrupted call left
    if retry_failed:
        record.forget_failed(keys)
    work = []
    for pair, wanted in keys.items():
        absent = set(record.missing(*pair))
        work += [delayed(run_one)(pair, key) for key in wanted if key in absent]
    total = sum(map(len, keys.values()))
    before = total - len(work)
    if on_progress:
        on_progress(before, total)
    # One thread a process for linear algebra: the processes already use the cores, and sums keep their order.
    with parallel_config(backend="loky", inner_max_num_threads=1):
        for done, _ in enumerate(at_once(work, n_jobs=n_jobs, kept=record.path), start=before + 1):
            if on_progress:
                on_progress(done, total)
    record.merge()
