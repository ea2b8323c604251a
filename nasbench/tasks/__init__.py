"""Benchmarks, one declarative TOML file each, and the class that makes them live."""

import importlib
from typing import TYPE_CHECKING, Any

from nasbench.tasks.declarations import read_declaration, task_names

if TYPE_CHECKING:
    from nasbench.tasks.kinds import AnyTask as AnyTask
    from nasbench.tasks.load import load_task as load_task
    from nasbench.tasks.load import tasks_with_epochs as tasks_with_epochs
    from nasbench.tasks.spaces import proxy_of as proxy_of
    from nasbench.tasks.spaces import refuse_other_space as refuse_other_space
    from nasbench.tasks.spaces import refuse_other_table as refuse_other_table
    from nasbench.tasks.spaces import space_of as space_of
    from nasbench.tasks.surrogate.fitting import Fit as Fit
    from nasbench.tasks.surrogate.fitting import fit_surrogate as fit_surrogate
    from nasbench.tasks.surrogate.task import SurrogateTask as SurrogateTask
    from nasbench.tasks.table_task import Optimum as Optimum
    from nasbench.tasks.table_task import Task as Task
    from nasbench.tasks.table_task import load_table_task as load_table_task
    from nasbench.tasks.training_task import TrainingTask as TrainingTask

__all__ = [
    "AnyTask",
    "Fit",
    "Optimum",
    "SurrogateTask",
    "Task",
    "TrainingTask",
    "fit_surrogate",
    "load_table_task",
    "load_task",
    "proxy_of",
    "read_declaration",
    "refuse_other_space",
    "refuse_other_table",
    "space_of",
    "task_names",
    "tasks_with_epochs",
]

_HOME = {
    "AnyTask": "kinds",
    "Fit": "surrogate.fitting",
    "Optimum": "table_task",
    "SurrogateTask": "surrogate.task",
    "Task": "table_task",
    "TrainingTask": "training_task",
    "fit_surrogate": "surrogate.fitting",
    "load_table_task": "table_task",
    "load_task": "load",
    "proxy_of": "spaces",
    "refuse_other_space": "spaces",
    "refuse_other_table": "spaces",
    "space_of": "spaces",
    "tasks_with_epochs": "load",
}


def __dir__() -> list[str]:
    """Name what is imported on first use too."""
    return sorted({*globals(), *_HOME})


def __getattr__(name: str) -> Any:
    """Import what opens tables on first use, so that listing tasks needs neither numpy nor h5py."""
    if name in _HOME:
        return getattr(importlib.import_module(f"nasbench.tasks.{_HOME[name]}"), name)
    raise AttributeError(f"module 'nasbench.tasks' has no attribute {name!r}")
