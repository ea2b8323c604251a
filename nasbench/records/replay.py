"""Doing a sample of the runs of any record again, and saying what has changed since."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nasbench.errors import InvalidOption, NasbenchError, RecordError
from nasbench.records.differences import difference, same
from nasbench.records.opening import recorded_task
from nasbench.records.store import RunStore
from nasbench.records.stored_run import StoredRun
from nasbench.tasks import read_declaration
from nasbench.tasks.recorded import differing


@dataclass(frozen=True)
class Verdict:
    """What checking and replaying found.

    Attributes:
        replayed: number of runs done again.
        differing: (task, contestant, run) whose replay is not the same.
        missing: (task, contestant, run) that the record does not hold.
        changed: what is not as it was when recorded, though it need not change a bit: versions, code.
        misfits: (task, contestant, run, why) whose trials are not what the task answers, or do not belong together.
    """

    replayed: int
    differing: list[tuple[str, str, Any]]
    missing: list[tuple[str, str, Any]]
    changed: list[str]
    misfits: list[tuple[str, str, Any, str]] = field(default_factory=list)

    @property
    def matches(self) -> bool:
        """Whether the record is complete, fits its tasks, and every replayed run is the same to the bit."""
        return not (self.differing or self.missing or self.misfits)


def replay(
    record: RunStore[Any],
    again: Callable[[str, str, Any], StoredRun],
    changed: list[str],
    *,
    sample: int | None,
    rng: np.random.Generator,
) -> Verdict:
    """Do a sample of the runs of any record again.

    Args:
        record: to verify.
        again: ``again(task, contestant, key)`` does one run.
        changed: what is known to differ from the time of recording.
        sample: runs of each pair; None for all.
        rng: draws the sample.

    Raises:
        InvalidOption: a sample below 1.
        RecordError: a damaged record, or a task that is not the one recorded.
    """
    if sample is not None and sample < 1:
        raise InvalidOption(f"a sample of {sample} runs verifies nothing; expected at least 1")
    verdict = Verdict(0, [], [], changed)
    replayed = 0
    for task in record.tasks:
        recorded_task(record, task)
        for label in record.contestants:
            runs = {run.key: run for run in record.runs(task, label)}
            verdict.missing.extend((task, label, key) for key in record.all_keys() if key not in runs)
            keys = sorted(runs)
            if sample is not None and sample < len(keys):
                keys = [keys[i] for i in sorted(rng.choice(len(keys), size=sample, replace=False).tolist())]
            for key in keys:
                replayed += 1
                if not _same(runs[key], again(task, label, key)):
                    verdict.differing.append((task, label, key))
    return replace(verdict, replayed=replayed)


def _same(told: Any, again: Any) -> bool:
    """Compare all that a seed decides bit by bit; of a traceback its last line, since it names places that may move."""
    same_end = told.error.rstrip().rpartition("\n")[2] == again.error.rstrip().rpartition("\n")[2]
    return bool(same_end and replace(told, error="").to_bytes() == replace(again, error="").to_bytes())


def changes(record: RunStore[Any], now: dict[str, Any]) -> list[str]:
    """Say what differs from the time of recording, and refuse what makes it another experiment.

    Args:
        record: to verify.
        now: what its specification would be today.

    Raises:
        RecordError: a preset means other options now, or a source of knowledge is not the one recorded.
    """
    then, today = record.spec.get("sources", {}), now.get("sources", {})
    for name in sorted(then.keys() | today.keys()):
        before, after = (sources.get(name, {}) for sources in (then, today))
        if not same(before, after):
            raise RecordError(f"source {name} is not the one recorded: {difference(before, after)}")
    changed = [] if now["software"][0] in record.spec["software"] else [f"software: {record.spec['software']} then"]
    for label, entry in record.spec[record.contestant_kind].items():
        current = now[record.contestant_kind][label]
        if current["options"] != entry["options"]:
            raise RecordError(f"preset of {label} is {current['options']}, recorded {entry['options']}")
        if current["source_sha256"] != entry.get("source_sha256"):
            changed.append(f"the code of {label}")
        if current.get("libraries") != entry.get("libraries"):
            changed.append(f"the libraries of {label}: {entry.get('libraries')} then")
    return changed + [told for name in record.tasks if (told := _redeclared(name, record.spec["tasks"][name]))]


def _redeclared(name: str, entry: dict[str, Any]) -> str:
    """Say how a task's own file differs from what was recorded; empty where it does not, or is not here."""
    file = name.rpartition(":")[0]
    if not file.endswith(".toml") or "space" not in entry["declaration"] or "recipe_sha256" in entry["declaration"]:
        return ""
    try:
        now = read_declaration(name)
    except NasbenchError:
        return ""
    if not differing(entry["declaration"], now):
        return ""
    return f"{file}: {difference(entry['declaration'], now)}; the task was replayed as recorded"
