"""Open a task of any kind by name."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench.errors import NasbenchError
from nasbench.tasks.declarations import SURROGATE_PREFIX, is_surrogate, is_training, task_names
from nasbench.tasks.recorded import open_recorded, recorded_entry
from nasbench.tasks.table_opening import load_table_task

if TYPE_CHECKING:
    from nasbench.tasks.protocol import Task


def load_task(name: "str | Path | Task") -> "Task":
    """Open a task by name, or from a file of your own.

    Args:
        name: as ``nasbench list`` shows it; ``path/to/family.toml:member``; or ``path/to/name.surrogate``.
            The suffix ``:mean`` makes a surrogate answer without noise. A member that declares ``train`` trains
            networks. A task is returned unchanged.

    Raises:
        UnknownName: no such task, space or table.
        InvalidOption: a declaration that breaks the rules, or a table other than the declared one.
        TableError: the file of the table or of the surrogate is damaged.
    """
    if not isinstance(name, str | Path):
        return name
    name = str(name)
    if (entry := recorded_entry(name)) is not None:
        return open_recorded(name, json.dumps(entry))
    if is_training(name):
        from nasbench.tasks.training_task import load_training_task

        return load_training_task(name)
    if not is_surrogate(name):
        return load_table_task(name)
    from nasbench.tasks.surrogate.opening import load_surrogate_task  # loads scipy, which tables do without

    return load_surrogate_task(name)


def tasks_with_epochs() -> list[str]:
    """Return the tasks whose tables are imported and that answer training runs of fewer epochs."""
    return [name for name in task_names() if not name.startswith(SURROGATE_PREFIX) and _has_epochs(name)]


def _has_epochs(name: str) -> bool:
    try:
        return len(load_table_task(name).epochs) > 1
    except NasbenchError:  # one damaged table must not hide the others
        return False
