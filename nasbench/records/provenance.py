"""Where the numbers of a record come from: versions, checksums, declarations and digests of code."""

import hashlib
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
from nasbench.errors import GapsWarning, InvalidOption
from nasbench.records.store import compute_trials_checksum, is_record
from nasbench.registry import Choice, Registry, sources_of
from nasbench.table import PROXY_SOURCE, source_checksum, table_names
from nasbench.tasks import AnyTask, Task, TrainingTask, load_task
from nasbench.tasks.declarations import MEASURED, surrogate_files
from nasbench.units import Scale


def choice_entry(choice: Choice, registry: Registry) -> dict[str, Any]:
    """Return all that defines a strategy or predictor: its options in full, and a digest of its source."""
    component, options = choice.resolve(registry)
    return {
        "name": choice.name,
        "preset": choice.preset,
        "given": dict(choice.options),
        "options": options,
        "file": file_name(choice.label),
        "source_sha256": _source_digest(component),
    }


def source_entries(tasks: Sequence[str], choices: Sequence[Choice], registry: Registry) -> dict[str, Any]:
    """Return ``sources``: what defines each other task and record that a choice learns from; empty without any.

    Raises:
        NasbenchError: a source that does not exist or does not fit a task.
    """
    names = {name for task in tasks for choice in choices for name in sources_of(choice, registry, task)}
    return {"sources": {name: _source_entry(name) for name in sorted(names)}} if names else {}


def _source_entry(name: str) -> dict[str, Any]:
    if name.startswith(PROXY_SOURCE):
        return {"table_sha256": source_checksum(name)}
    folder = Path(name)
    if not is_record(folder):
        return task_entry(name, load_task(name))
    return {"trials_sha256": compute_trials_checksum(folder)}


def plain(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a specification as it will be read again.

    Raises:
        InvalidOption: something in it that JSON does not have.
    """
    try:
        read: dict[str, Any] = json.loads(json.dumps(spec, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InvalidOption(f"an option cannot be recorded ({error}); use text, numbers and lists") from None
    return read


def software() -> dict[str, str]:
    """Return the versions that numbers may depend on."""
    return {"nasbench": nasbench.__version__, "python": platform.python_version(), "numpy": np.__version__}


def task_entry(name: str, task: AnyTask) -> dict[str, Any]:
    """Return all that defines a task: its declaration, the checksum of every table it reads, what of it is searched.

    A file outside of the user's own folders is also recorded as where to look first: ``places``; and the scale of what
    is observed, where it is not an accuracy's.
    """
    restriction = task.restriction if isinstance(task, Task) else ""
    entry = {
        "version": task.version,
        "declaration": dict(task.declaration),
        "tables": {table.name: table.checksum for table in task.tables},
        "file": file_name(name),
        **({"restriction": restriction} if restriction else {}),
        **({} if task.scale == Scale() else {"scale": list(task.scale)}),
    }
    places = _places(task)
    return entry | ({"places": places} if places else {})


def _places(task: AnyTask) -> dict[str, str]:
    """Return by name where files lie that no name leads to; of a task that trains, where its paths begin."""
    if isinstance(task, TrainingTask):
        return {task.how["data"]: task.begins} if task.begins else {}
    known = {*table_names().values(), *surrogate_files()}
    files = {table.name: table.path for table in task.tables if table.path is not None}
    return {name: str(path.resolve()) for name, path in files.items() if path not in known}


_OTHER_WAYS = (
    '; a surrogate answers for all of them (nasbench fit-surrogate), and search = "all" in the task answers for '
    "others as for crashes"
)


def warn_of_gaps(spec: dict[str, Any]) -> None:
    """Warn of each task of a specification of which not everything was measured, before anything runs."""
    for name, entry in spec["tasks"].items():
        if "restriction" in entry:
            ways = _OTHER_WAYS if entry["declaration"].get("search", MEASURED) == MEASURED else ""
            warnings.warn(f"task {name}: {entry['restriction']}{ways}", GapsWarning, stacklevel=3)


def _source_digest(component: type) -> str:
    """Return the SHA-256 of the file that defines a strategy, or of the class where there is no file; else empty."""
    import inspect

    try:
        path = inspect.getsourcefile(component)
        source = Path(path).read_bytes() if path else inspect.getsource(component).encode()
    except (OSError, TypeError):
        return ""
    return hashlib.sha256(source).hexdigest()


def file_name(label: str) -> str:
    """Return a file name for a strategy's label, unique among labels."""
    safe = re.sub(r"[^A-Za-z0-9@=._-]", "_", label)
    return safe if safe == label else f"{safe}-{zlib.crc32(label.encode()):08x}"
