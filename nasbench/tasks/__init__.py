"""Benchmarks: what every task offers, one declarative TOML file each, and the three kinds that answer."""

import importlib
from typing import TYPE_CHECKING, Any

from nasbench.tasks.declarations import FRESH, SAME, read_declaration, task_names

if TYPE_CHECKING:
    from nasbench.tasks.load import load_task as load_task
    from nasbench.tasks.load import tasks_with_epochs as tasks_with_epochs
    from nasbench.tasks.protocol import Expected as Expected
    from nasbench.tasks.protocol import Optimum as Optimum
    from nasbench.tasks.protocol import Task as Task
    from nasbench.tasks.protocol import count_repetitions as count_repetitions
    from nasbench.tasks.protocol import is_task as is_task
    from nasbench.tasks.spaces import proxy_of as proxy_of
    from nasbench.tasks.spaces import refuse_other_space as refuse_other_space
    from nasbench.tasks.spaces import refuse_other_table as refuse_other_table
    from nasbench.tasks.spaces import space_of as space_of
    from nasbench.tasks.surrogate.fitting import SurrogateFit as SurrogateFit
    from nasbench.tasks.surrogate.fitting import fit_surrogate as fit_surrogate
    from nasbench.tasks.surrogate.task import SurrogateTask as SurrogateTask
    from nasbench.tasks.table_opening import load_table_task as load_table_task
    from nasbench.tasks.table_task import TableTask as TableTask
    from nasbench.tasks.training_task import TrainingTask as TrainingTask
    from nasbench.units import Objective as Objective

_HOME = {
    "Expected": "tasks.protocol",
    "SurrogateFit": "tasks.surrogate.fitting",
    "Objective": "units",
    "Optimum": "tasks.protocol",
    "SurrogateTask": "tasks.surrogate.task",
    "TableTask": "tasks.table_task",
    "Task": "tasks.protocol",
    "TrainingTask": "tasks.training_task",
    "count_repetitions": "tasks.protocol",
    "fit_surrogate": "tasks.surrogate.fitting",
    "is_task": "tasks.protocol",
    "load_table_task": "tasks.table_opening",
    "load_task": "tasks.load",
    "proxy_of": "tasks.spaces",
    "refuse_other_space": "tasks.spaces",
    "refuse_other_table": "tasks.spaces",
    "space_of": "tasks.spaces",
    "tasks_with_epochs": "tasks.load",
}

__all__ = ["FRESH", "SAME", "read_declaration", "task_names", *_HOME]  # noqa: PLE0604 (the keys are strings)


def __dir__() -> list[str]:
    """Name what is imported on first use too."""
    return sorted({*globals(), *_HOME})


def __getattr__(name: str) -> Any:
    """Import what opens tables on first use, so that listing tasks needs neither numpy nor h5py."""
    if name in _HOME:
        return getattr(importlib.import_module(f"nasbench.{_HOME[name]}"), name)
    raise AttributeError(f"module 'nasbench.tasks' has no attribute {name!r}")
