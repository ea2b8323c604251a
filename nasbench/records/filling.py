"""From an experiment of any kind to its record: create it or open it, and run what it lacks."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from nasbench.files import exclusive_lock
from nasbench.jobs import check_jobs
from nasbench.records.failures import warn_of_failures
from nasbench.records.provenance import warn_of_gaps
from nasbench.records.run_missing import run_missing
from nasbench.records.store import RunStore, make_folder
from nasbench.records.stored_run import Pair

_R = TypeVar("_R", bound=RunStore[Any])


def fill_record(
    kind: type[_R],
    experiment: Any,
    keys: Mapping[Pair, list[Any]],
    append_run: Callable[..., None],
    *,
    n_jobs: int,
    out: Path | str | None,
    beside: bool,
    retry_failed: bool,
    on_progress: Callable[[int, int], None] | None,
) -> _R:
    """Return the record of an experiment with all of its runs; called by the public function of each kind.

    Args:
        kind: class of the record.
        experiment: a dataclass with ``spec()``, and ``given``, the tasks that are open in this process.
        keys: pair -> keys of the requested runs.
        append_run: ``append_run(record, experiment, pair, key)`` does one run in any process, and appends it.
        n_jobs: number of processes; -1 for one per core.
        out: folder of the record; None for a temporary one.
        beside: if ``out`` holds another experiment, write into ``out-2``, ``out-3`` and so on.
        retry_failed: run failed runs again.
        on_progress: called with (finished runs, total runs).
    """
    check_jobs(n_jobs)
    spec = experiment.spec()
    warn_of_gaps(spec)
    path = make_folder(out)
    if beside:
        path = kind.find_place(path, spec)
    with exclusive_lock(path / "spec.json"):
        record = kind.open_or_create(path, spec)
        if out is None:
            record.remove_when_unused()
        # each process opens the tasks itself, from the record
        run_one = partial(append_run, record, replace(experiment, given={}))
        run_missing(record, keys, run_one, n_jobs=n_jobs, retry_failed=retry_failed, on_progress=on_progress)
    warn_of_failures(record, keys)
    return record
