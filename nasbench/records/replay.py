"""Replay a sample of the runs of any record, and report what has changed since the recording."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from nasbench.errors import InvalidOption, NasbenchError, RecordError
from nasbench.records.code_changes import say_changed_code
from nasbench.records.differences import difference, same
from nasbench.records.opening import recorded_task
from nasbench.records.store import RunStore
from nasbench.records.stored_run import StoredRun
from nasbench.tasks import read_declaration
from nasbench.tasks.recorded import differing


@dataclass(frozen=True)
class Verdict:
    """The result of checking and replaying a record.

    Attributes:
        replayed: number of replayed runs.
        differing: (task, contestant, run) whose replay differs.
        missing: (task, contestant, run) that the record does not hold.
        changed: what has changed since the recording, but need not change a result: versions, code.
        misfits: (task, contestant, run, why) whose trials contradict the task or each other.
        unreplayed: (contestant, why) of which no run can be replayed here, such as a class of a notebook that is
            closed. Their trials are compared with the task all the same.
    """

    replayed: int
    differing: list[tuple[str, str, Any]]
    missing: list[tuple[str, str, Any]]
    changed: list[str]
    misfits: list[tuple[str, str, Any, str]] = field(default_factory=list)
    unreplayed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def contradicted(self) -> bool:
        """Whether a run is missing, does not fit its task, or was replayed with other bits."""
        return bool(self.differing or self.missing or self.misfits)

    @property
    def matches(self) -> bool:
        """Whether the record is complete, fits its tasks, and runs of all contestants were replayed to the bit."""
        return not (self.contradicted or self.unreplayed)

    def __str__(self) -> str:
        """Return the result as text: a line for each wrong run, and the conclusion at the end."""
        lines: list[str] = []
        for what, runs in (("differs", self.differing), ("is missing", self.missing)):
            lines += _first_lines([f"run {key} of {label} on {task} {what}" for task, label, key in runs])
        lines += _first_lines(
            [f"run {key} of {label} on {task} does not fit: {why}" for task, label, key, why in self.misfits]
        )
        lines += [f"changed since the recording: {what}" for what in self.changed]
        lines += [f"not replayed: {label}: {why}" for label, why in self.unreplayed]
        result = "the record DOES NOT MATCH" if self.contradicted else "the record matches"
        if self.unreplayed and not self.contradicted:
            result = f"what was replayed matches; {len(self.unreplayed)} of the contestants could not be replayed"
        return "\n".join([*lines, f"{self.replayed} runs replayed: {result}"])


def replay(
    record: RunStore[Any],
    again: Callable[[str, str, Any], StoredRun],
    changed: list[str],
    *,
    sample: int | None,
    rng: np.random.Generator,
    unreplayed: Mapping[str, str] = MappingProxyType({}),
) -> Verdict:
    """Replay a sample of the runs of any record.

    Args:
        record: record to verify.
        again: ``again(task, contestant, key)`` repeats one run.
        changed: known changes since the recording.
        sample: number of runs of each pair; None for all.
        rng: random generator of the sample.
        unreplayed: contestant that cannot be replayed -> why.

    Raises:
        InvalidOption: ``sample`` is below 1.
        RecordError: the record is damaged, or a task is not the recorded one.
    """
    if sample is not None and sample < 1:
        raise InvalidOption(f"a sample of {sample} runs verifies nothing; expected at least 1")
    verdict = Verdict(0, [], [], changed, unreplayed=list(unreplayed.items()))
    replayed = 0
    for task in record.tasks:
        recorded_task(record, task)
        for label in record.contestants:
            runs = {run.key: run for run in record.runs(task, label)}
            verdict.missing.extend((task, label, key) for key in record.all_keys() if key not in runs)
            keys = [] if label in unreplayed else sorted(runs)
            if sample is not None and sample < len(keys):
                keys = [keys[i] for i in sorted(rng.choice(len(keys), size=sample, replace=False).tolist())]
            for key in keys:
                replayed += 1
                if not _same(runs[key], again(task, label, key)):
                    verdict.differing.append((task, label, key))
    return replace(verdict, replayed=replayed)


def _first_lines(lines: list[str], most: int = 20) -> list[str]:
    """Return the first lines, and the number of the others."""
    return [*lines[:most], *([f"... and {len(lines) - most} more"] if len(lines) > most else [])]


def _same(told: Any, again: Any) -> bool:
    """Compare everything that the seed determines bit by bit; of a traceback, only the last line (paths may change)."""
    same_end = told.error.rstrip().rpartition("\n")[2] == again.error.rstrip().rpartition("\n")[2]
    return bool(same_end and replace(told, error="").to_bytes() == replace(again, error="").to_bytes())


def changes(record: RunStore[Any], now: dict[str, Any]) -> list[str]:
    """Describe what has changed since the recording, and refuse changes that make it another experiment.

    Args:
        record: record to verify.
        now: its specification with today's code, without contestants whose code is not here.

    Raises:
        RecordError: a preset has other options now, or a source of knowledge is not the recorded one.
    """
    then, today = record.spec.get("sources", {}), now.get("sources", {})
    for name in sorted(then.keys() | today.keys()):
        before, after = (sources.get(name, {}) for sources in (then, today))
        if not same(before, after):
            raise RecordError(f"source {name} is not the one recorded: {difference(before, after)}")
    changed = [] if now["software"][0] in record.spec["software"] else [f"software: {record.spec['software']} then"]
    here = now[record.contestant_kind]
    for label, current in here.items():
        entry = record.spec[record.contestant_kind][label]
        if current["options"] != entry["options"]:
            raise RecordError(f"preset of {label} is {current['options']}, recorded {entry['options']}")
        if current.get("libraries") != entry.get("libraries"):
            changed.append(f"the libraries of {label}: {entry.get('libraries')} then")
    for kind in ("tasks", record.contestant_kind):
        told_of = ((name, say_changed_code(record.spec, now, kind, name)) for name in now[kind])
        changed += [f"the code of {name}: {told}" for name, told in told_of if told]
    return changed + [told for name in record.tasks if (told := _redeclared(name, record.spec["tasks"][name]))]


def _redeclared(name: str, entry: dict[str, Any]) -> str:
    """Describe how a task's own file differs from the record; empty if it does not, or is missing."""
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
