"""Why runs failed: the exceptions of a record, counted."""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from nasbench.files import write_text
from nasbench.records.store import RunStore

_LONGEST = 300


class Failures(NamedTuple):
    """The failed runs of a pair.

    Attributes:
        task, contestant: of the pair.
        n, total: how many failed, of how many.
        reasons: the first line of each exception and how many runs ended with it, the most frequent first.
    """

    task: str
    contestant: str
    n: int
    total: int
    reasons: list[tuple[str, int]]

    def __str__(self) -> str:
        """Return all of it as one line."""
        told = "; ".join(f"{reason} ({n} times)" if n > 1 else reason for reason, n in self.reasons)
        return f"{self.n} of {self.total} runs of {self.contestant} on {self.task} failed: {told}"


def failures(record: RunStore[Any]) -> list[Failures]:
    """Return what failed, by pair; empty where every run finished."""
    found = []
    for task in record.tasks:
        for label in record.contestants:
            runs = record.runs(task, label)
            counted = Counter(reason_of(run.error) for run in runs if run.failed)
            if counted:
                found.append(Failures(task, label, counted.total(), len(runs), counted.most_common()))
    return found


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
    """Return the first line of the exception with which a traceback ends: what follows its last indented block."""
    lines = traceback.rstrip().splitlines()
    frames = [i for i, line in enumerate(lines) if line.startswith('  File "')]
    after = lines[frames[-1] + 1 :] if frames else lines
    reason = next((line for line in after if line and not line.startswith(" ")), lines[-1] if lines else "")
    reason = reason.removeprefix("nasbench.errors.")
    return reason if len(reason) <= _LONGEST else f"{reason[: _LONGEST - 3]}..."
