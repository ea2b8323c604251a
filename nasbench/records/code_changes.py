"""Which code has changed since a record was written."""

from pathlib import Path
from typing import Any

from nasbench.errors import RecordError


def list_changed_modules(then: dict[str, Any], now: dict[str, Any], kind: str, name: str) -> list[str]:
    """Return the modules that differ between two specifications, or are in only one, for a task or contestant.

    Args:
        then: one specification.
        now: the other specification.
        kind: key of the tasks or contestants.
        name: of the task or contestant, which both have.
    """
    before, after = (_read_digests(spec, spec[kind][name]) for spec in (then, now))
    return sorted(module for module in before.keys() | after.keys() if before.get(module) != after.get(module))


def say_changed_code(then: dict[str, Any], now: dict[str, Any], kind: str, name: str) -> str:
    """Name the modules that changed; empty if none did."""
    if "code" not in then[kind][name]:
        return "it was recorded by an earlier release and cannot be compared"
    return ", ".join(list_changed_modules(then, now, kind, name))


def refuse_changed_code(path: Path, there: dict[str, Any], here: dict[str, Any], kind: str, name: str) -> None:
    """Refuse to mix runs of different code of a task or contestant.

    Args:
        path: folder of the record.
        there: specification of the record.
        here: specification of the runs to add.
        kind: key of the tasks or contestants.
        name: of the task or contestant, which both have.

    Raises:
        RecordError: the code differs; the message names the modules that changed.
    """
    if "code" in there[kind][name] and (changed := list_changed_modules(there, here, kind, name)):
        raise RecordError(
            f"{path} was recorded with other code of {name}: {', '.join(changed)} changed since; choose another --out "
            "('nasbench verify' says whether the recorded runs are still the same)"
        )


def _read_digests(spec: dict[str, Any], entry: dict[str, Any]) -> dict[str, str]:
    """Return the digests of an entry by module."""
    return {spec["code"].get(digest, digest): digest for digest in entry.get("code", "").split()}
