"""Run what a record lacks, in parallel processes."""

from collections.abc import Callable, Mapping
from typing import Any

from joblib import delayed, parallel_config

from nasbench.jobs import run_parallel
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
    """Run what a record lacks, and merge the results into it; the caller must hold the record's lock.

    Args:
        record: record to complete.
        keys: pair -> keys of the requested runs.
        run_one: ``run_one(pair, key)`` does one run in any process, and appends it to the record.
        n_jobs: number of processes; -1 for one per core.
        retry_failed: run failed runs again.
        on_progress: called with (finished runs, total runs).

    Raises:
        WorkerDied: a process was killed; finished runs are kept.
    """
    record.merge()  # runs that an interrupted call left behind
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
    # One thread per process for linear algebra: the processes already use the cores, and sums keep their order.
    with parallel_config(backend="loky", inner_max_num_threads=1):
        for done, _ in enumerate(run_parallel(work, n_jobs=n_jobs, kept=record.path), start=before + 1):
            if on_progress:
                on_progress(done, total)
    record.merge()
