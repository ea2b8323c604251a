"""A benchmark suite for neural architecture search: real trained architectures, searched in seconds.

>>> import nasbench
>>> task = nasbench.load_task("nb201-cifar10")
>>> task.query(task.space.rows[:2]).shape
(2,)
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench.comparison import Experiment as Experiment
    from nasbench.comparison import Record as Record
    from nasbench.comparison import compare as compare
    from nasbench.errors import SearchFinished as SearchFinished
    from nasbench.evaluation import evaluate as evaluate
    from nasbench.predictions import Batch as Batch
    from nasbench.predictions import Prediction as Prediction
    from nasbench.predictions import make_predictor as make_predictor
    from nasbench.simulation import Budget as Budget
    from nasbench.simulation import History as History
    from nasbench.simulation import Simulation as Simulation
    from nasbench.table import Table as Table
    from nasbench.tasks import Task as Task
    from nasbench.tasks import load_task as load_task
    from nasbench.tasks import task_names as task_names
    from nasbench.trials import Results as Results
    from nasbench.trials import Strategy as Strategy
    from nasbench.trials import Trials as Trials
    from nasbench.trials import full_trainings as full_trainings

__version__ = "0.1.0"

_HOME = {
    "SearchFinished": "errors",
    "evaluate": "evaluation",
    "Experiment": "comparison",
    "Record": "comparison",
    "compare": "comparison",
    "Batch": "predictions",
    "Prediction": "predictions",
    "make_predictor": "predictions",
    "Budget": "simulation",
    "History": "simulation",
    "Simulation": "simulation",
    "Table": "table",
    "Task": "tasks",
    "load_task": "tasks",
    "task_names": "tasks",
    "Results": "trials",
    "Strategy": "trials",
    "Trials": "trials",
    "full_trainings": "trials",
}

__all__ = ["__version__", *_HOME]  # noqa: PLE0604 (the keys are strings)


def __dir__() -> list[str]:
    """Name what is imported on first use too."""
    return sorted({*globals(), *_HOME})


def __getattr__(name: str) -> Any:
    """Import public names on first use, so that ``import nasbench`` stays light."""
    if name not in _HOME:
        raise AttributeError(f"module 'nasbench' has no attribute {name!r}")
    return getattr(importlib.import_module(f"nasbench.{_HOME[name]}"), name)
