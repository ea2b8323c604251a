"""Why runs failed: the exceptions in a record, with counts."""

import warnings
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from nasbench.errors import FailedRunsWarning
from nasbench.files import write_text
from nasbench.records.store import RunStore
from nasbench.records.stored_run import Pair

_LONGEST = 300
_MOST_SHOWN = 3

# By default Python shows a warning once for each line of code. A cell of a notebook that runs again is the same line.
warnings.simplefilter("always", FailedRunsWarning, append=True)


class Failures(NamedTuple):
    """The failed runs of a task and contestant.

    Attributes:
        task, contestant: names.
        n, total: number of failed runs, and of all runs.
        reasons: first line of each exception and its number of runs, most frequent first.
    """

    task: str
    contestant: str
    n: int
    total: int
    reasons: list[tuple[str, int]]

    def __str__(self) -> str:
        """Return the failures as one line."""
        reasons = "; ".join(f"{reason} ({n} times)" if n > 1 else reason for reason, n in self.reasons)
        return f"{self.n} of {self.total} runs of {self.contestant} on {self.task} failed: {reasons}"


def failures(record: RunStore[Any]) -> list[Failures]:
    """Return the failures of each task and contestant; empty if every run finished."""
    found = []
    for task in record.tasks:
        for label in record.contestants:
            runs = record.runs(task, label)
            counted = Counter(reason_of(run.error) for run in runs if run.failed)
            if counted:
                found.append(Failures(task, label, counted.total(), len(runs), counted.most_common()))
    return found


def warn_of_failures(record: RunStore[Any], pairs: Collection[Pair]) -> None:
    """Warn once about the failed runs of these pairs, on behalf of the caller's caller."""
    found = [failed for failed in failures(record) if (failed.task, failed.contestant) in pairs]
    if not found:
        return
    first = found[0]
    at = next(i for i, run in enumerate(record.runs(first.task, first.contestant)) if run.failed)
    more = len(found) - _MOST_SHOWN
    lines = [
        *map(str, found[:_MOST_SHOWN]),
        *([f"and {more} more pairs of a task and one of the {record.contestant_kind}"] if more > 0 else []),
        f"for the traceback: print(record.runs({first.task!r}, {first.contestant!r})[{at}].error)",
    ]
    warnings.warn("\n".join(lines), FailedRunsWarning, stacklevel=4)


def write_tracebacks(record: RunStore[Any], path: Path) -> Path:
    """Write the traceback of every failed run into a text file and return its path."""
    told = [
        f"run {run.key} of {label} on {task}\n{run.error.rstrip()}\n"
        for task in record.tasks
        for label in record.contestants
        for run in record.runs(task, label)
        if run.failed
    ]
    write_text(path, "\n".join(told))
    return path


def reason_of(traceback: str) -> str:
    """Return the first line of the exception that ends a traceback: the line after the last indented block."""
    lines = traceback.rstrip().splitlines()
    frames = [i for i, line in enumerate(lines) if line.startswith('  File "')]
    after = lines[frames[-1] + 1 :] if frames else lines
    reason = next((line for line in after if line and not line.startswith(" ")), lines[-1] if lines else "")
    reason = reason.removeprefix("nasbench.errors.")
    return reason if len(reason) <= _LONGEST else f"{reason[: _LONGEST - 3]}..."
