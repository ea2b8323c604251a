"""The tasks of a record, opened as they were recorded."""

import json
from typing import Any

from nasbench.records.store import RunStore
from nasbench.tasks import AnyTask
from nasbench.tasks.recorded import open_recorded


def recorded_task(record: RunStore[Any], name: str) -> AnyTask:
    """Open a task of a record as it was recorded, wherever its file lies now.

    Raises:
        RecordError: the suite declares it otherwise, or a table that it was recorded on is not here.
    """
    return open_recorded(name, json.dumps(record.spec["tasks"][name]))


def opened_tasks(record: RunStore[Any]) -> dict[str, AnyTask]:
    """Open every task of a record; errors as ``recorded_task``."""
    return {name: recorded_task(record, name) for name in record.tasks}


def recorded_entries(record: RunStore[Any]) -> dict[str, Any]:
    """Return what a record says of its tasks and of the tasks that it learnt from, by the names that were typed.

    A task's own name leads to it too: that is what a strategy is told.
    """
    sources: dict[str, Any] = record.spec.get("sources", {})
    tasks: dict[str, Any] = record.spec["tasks"]
    own = {str(entry["declaration"].get("name", name)): entry for name, entry in tasks.items()}
    return own | sources | tasks
