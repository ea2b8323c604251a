"""Benchmarks, one declarative TOML file each, and the class that makes them live."""

import importlib
from typing import TYPE_CHECKING, Any

from nasbench.tasks._declarations import read_declaration, task_names

if TYPE_CHECKING:
    from nasbench.tasks._fitting import Fit as Fit
    from nasbench.tasks._fitting import fit_surrogate as fit_surrogate
    from nasbench.tasks._kinds import AnyTask as AnyTask
    from nasbench.tasks._load import load_task as load_task
    from nasbench.tasks._load import tasks_with_epochs as tasks_with_epochs
    from nasbench.tasks._spaces import proxy_of as proxy_of
    from nasbench.tasks._spaces import refuse_other_space as refuse_other_space
    from nasbench.tasks._spaces import refuse_other_table as refuse_other_table
    from nasbench.tasks._spaces import space_of as space_of
    from nasbench.tasks._surrogate import SurrogateTask as SurrogateTask
    from nasbench.tasks._task import Optimum as Optimum
    from nasbench.tasks._task import Task as Task
    from nasbench.tasks._task import load_table_task as load_table_task
    from nasbench.tasks._training import TrainingTask as TrainingTask

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
    "AnyTask": "_kinds",
    "Fit": "_fitting",
    "Optimum": "_task",
    "SurrogateTask": "_surrogate",
    "Task": "_task",
    "TrainingTask": "_training",
    "fit_surrogate": "_fitting",
    "load_table_task": "_task",
    "load_task": "_load",
    "proxy_of": "_spaces",
    "refuse_other_space": "_spaces",
    "refuse_other_table": "_spaces",
    "space_of": "_spaces",
    "tasks_with_epochs": "_load",
}


def __dir__() -> list[str]:
    """Name what is imported on first use too."""
    return sorted({*globals(), *_HOME})


def __getattr__(name: str) -> Any:
    """Import what opens tables on first use, so that listing tasks needs neither numpy nor h5py."""
    if name in _HOME:
        return getattr(importlib.import_module(f"nasbench.tasks.{_HOME[name]}"), name)
    raise AttributeError(f"module 'nasbench.tasks' has no attribute {name!r}")
