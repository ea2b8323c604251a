"""Families of tasks: tasks whose results are not independent of each other.

On the tasks of one search space, the same architectures tend to be good: CIFAR-10 and CIFAR-100 of NAS-Bench-201 rank
its cells alike (Spearman's correlation .98), and quite another data set and training still does (.80 between CIFAR-10
and MNIST-1D). So a comparison does not count them as independent tasks.
"""

from nasbench.tasks.protocol import Task

_DECLARED = "hyper"  # each declaration of it is a space of its own


def find_family(task: Task) -> str:
    """Return the family of a task: what it declares, or its search space; for a declared space, its main table."""
    if declared := task.declaration.get("family"):
        return str(declared)
    if task.space.name == _DECLARED:
        return str(task.tables[0].name)
    return task.space.name
