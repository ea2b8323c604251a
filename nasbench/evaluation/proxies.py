"""Zero-cost proxies of a table, as inputs of predictors."""

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import InvalidOption
from nasbench.spaces import Party
from nasbench.table import Table, find_table, list_proxies
from nasbench.tasks import TableTask, refuse_other_space


def read_proxies(task: TableTask, name: str, archs: Archs) -> Floats:
    """Read every proxy that table ``name`` holds for a task's data set, or for all data sets.

    Args:
        task: the task, for its data set and space.
        name: name of the table.
        archs: [n, d] architectures.

    Returns:
        ``[n, p]`` proxies, sorted by name; nan where the table lacks the architecture or the metric.

    Raises:
        UnknownName: there is no such table.
        InvalidOption: the table is of another space or another meaning of its codes, or has no proxy of the data set.
    """
    table = Table(find_table(name))
    refuse_other_space(Party(f"task '{task.name}'", task.space), table)
    seen = task.observed.dataset
    columns = list_proxies(table, {"all", seen, seen.removesuffix("-valid")})
    if not columns:
        known = ", ".join("/".join(column) for column in table.statics) or "none"
        raise InvalidOption(f"table '{name}' has no proxies of '{seen}' (its static metrics: {known})")
    return np.column_stack([column(archs) for column in columns])
