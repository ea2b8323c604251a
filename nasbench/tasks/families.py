"""Families of tasks: tasks whose results are not independent of each other.

On the tasks of one search space, the same architectures tend to be good: CIFAR-10 and CIFAR-100 of NAS-Bench-201 rank
its cells alike (Spearman's correlation .98), and quite another data set and training still does (.80 between CIFAR-10
and MNIST-1D). So a comparison does not count them as independent tasks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from nasbench.tasks.protocol import Task

_DECLARED = "hyper"  # each declaration of it is a space of its own


def find_family(task: Task) -> str:
    """Return the family of a task: what it declares, or its search space; for a declared space, its main table."""
    return _choose_family(task.declaration, task.space.name, [table.name for table in task.tables])


def find_recorded_family(entry: Mapping[str, Any]) -> str:
    """Return the family of a task from what a record says of it, so that its tables may be elsewhere."""
    declaration = entry["declaration"]
    return _choose_family(declaration, str(declaration["space"]), list(entry["tables"]))


def _choose_family(declaration: Mapping[str, Any], space: str, tables: Sequence[str]) -> str:
    if declared := declaration.get("family"):
        return str(declared)
    return str(tables[0]) if space == _DECLARED else space
