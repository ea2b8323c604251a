"""Where the numbers of a record come from: versions, checksums, declarations and digests of code."""

import json
import platform
import re
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import nasbench
from nasbench.choices import Choice
from nasbench.errors import GapsWarning, InvalidOption
from nasbench.records.code_digests import digest_code
from nasbench.records.named_code import digest_choice
from nasbench.records.store import compute_trials_checksum, is_record
from nasbench.registry import Registry, sources_of
from nasbench.table import PROXY_SOURCE, read_source_checksum
from nasbench.tasks import Task, load_task
from nasbench.tasks.declarations import MEASURED
from nasbench.units import Scale


def choice_entry(choice: Choice, registry: Registry) -> dict[str, Any]:
    """Return what defines a strategy or predictor: all its options, and a digest of each module of its code."""
    _, options = choice.resolve(registry)
    return choice.as_entry() | {
        "options": options,
        "file": file_name(choice.label),
        "code": digest_choice(choice, registry),
    }


def source_entries(tasks: Sequence[str], choices: Sequence[Choice], registry: Registry) -> dict[str, Any]:
    """Return ``sources``: the definition of each task and record that a choice learns from; empty without any.

    Raises:
        NasbenchError: a source does not exist or does not fit a task.
    """
    names = {name for task in tasks for choice in choices for name in sources_of(choice, registry, task)}
    return {"sources": {name: _source_entry(name) for name in sorted(names)}} if names else {}


def _source_entry(name: str) -> dict[str, Any]:
    if name.startswith(PROXY_SOURCE):
        return {"table_sha256": read_source_checksum(name)}
    folder = Path(name)
    if not is_record(folder):
        entry = task_entry(name, load_task(name))
        del entry["code"]  # its scores are read, not computed
        return entry
    return {"trials_sha256": compute_trials_checksum(folder)}


def plain(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a specification in the form in which it will be read back.

    Raises:
        InvalidOption: it holds something that JSON cannot represent.
    """
    try:
        read: dict[str, Any] = json.loads(json.dumps(spec, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InvalidOption(f"an option cannot be recorded ({error}); use text, numbers and lists") from None
    return read


def tabulate_code(spec: dict[str, Any]) -> dict[str, Any]:
    """Move all digests of modules of a specification into one table, ``code``: digest -> module.

    The entry of a task or contestant then holds only its digests, joined into one text.
    """
    table: dict[str, str] = {}
    tabulated = dict(spec)
    for kind in {"tasks", "strategies", "predictors"} & spec.keys():
        tabulated[kind] = {}
        for name, entry in spec[kind].items():
            table |= {digest: module for module, digest in entry["code"].items()}
            tabulated[kind][name] = entry | {"code": " ".join(entry["code"].values())}
    return tabulated | {"code": dict(sorted(table.items(), key=lambda item: item[::-1]))}


def software() -> dict[str, str]:
    """Return the software versions that numbers may depend on."""
    return {"nasbench": nasbench.__version__, "python": platform.python_version(), "numpy": np.__version__}


def task_entry(name: str, task: Task) -> dict[str, Any]:
    """Return what defines a task: its declaration, the checksum of each table, the restriction of its search.

    The digests of its space's code are included, because they affect the search. Files outside the user's own folders
    are recorded as ``places`` to look at first. The scale of observations is recorded unless it is that of an accuracy.
    """
    entry = {
        "version": task.version,
        "declaration": dict(task.declaration),
        "tables": {table.name: table.checksum for table in task.tables},
        "file": file_name(name),
        "code": digest_code(type(task.space)) | digest_code(type(getattr(task.space, "inner", task.space))),
        **({"restriction": task.restriction} if task.restriction else {}),
        **({} if task.scale == Scale() else {"scale": list(task.scale)}),
    }
    return entry | ({"places": task.places} if task.places else {})


_OTHER_WAYS = (
    '; a surrogate answers all of them (nasbench fit-surrogate), and with search = "all" in the task the others count '
    "as crashes"
)


def warn_of_gaps(spec: dict[str, Any]) -> None:
    """Warn about each task of a specification that is not completely measured, before anything runs.

    The summary of one's own trainings has said it already.
    """
    for name, entry in spec["tasks"].items():
        if "restriction" in entry and "columns" not in entry["declaration"]:
            ways = _OTHER_WAYS if entry["declaration"].get("search", MEASURED) == MEASURED else ""
            warnings.warn(f"task {name}: {entry['restriction']}{ways}", GapsWarning, stacklevel=4)


def file_name(label: str) -> str:
    """Return a file name for a label, unique among labels."""
    safe = re.sub(r"[^A-Za-z0-9@=._-]", "_", label)
    return safe if safe == label else f"{safe}-{zlib.crc32(label.encode()):08x}"
