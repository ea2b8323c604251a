"""Open the tasks of a record as they were recorded."""

import json
from typing import Any

from nasbench.records.store import RunStore
from nasbench.tasks import Task
from nasbench.tasks.recorded import open_recorded


def recorded_task(record: RunStore[Any], name: str) -> Task:
    """Open a task of a record as it was recorded, wherever its file is now.

    Raises:
        RecordError: the suite declares the task differently now, or one of its tables is missing.
    """
    return open_recorded(name, json.dumps(record.spec["tasks"][name]))


def opened_tasks(record: RunStore[Any]) -> dict[str, Task]:
    """Open every task of a record; raises the errors of ``recorded_task``."""
    return {name: recorded_task(record, name) for name in record.tasks}


def recorded_entries(record: RunStore[Any]) -> dict[str, Any]:
    """Return a record's entries on its tasks and on the tasks that it learnt from, by the names that users typed.

    A task is also found by its own name, which is the name that strategies receive.
    """
    sources: dict[str, Any] = record.spec.get("sources", {})
    tasks: dict[str, Any] = record.spec["tasks"]
    own = {str(entry["declaration"].get("name", name)): entry for name, entry in tasks.items()}
    return own | sources | tasks
