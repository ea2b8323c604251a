"""Zero-cost proxies of a table, as a part of what predictors are given."""

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import InvalidOption
from nasbench.table import Table, find_table
from nasbench.tasks import Task


def proxies_of(task: Task, name: str, archs: Archs) -> Floats:
    """Return every static metric that table ``name`` holds for a task's data set, or for all of them.

    A static metric has no split, so what may be an accuracy is left out: a fraction, or one kept per seed.

    Args:
        task: whose data set and space it is.
        name: of the table.
        archs: [n, d].

    Returns:
        ``[n, p]``, the metrics by name; nan where the table lacks the architecture or the metric.

    Raises:
        UnknownName: no such table.
        InvalidOption: a table of another space, or without such a metric.
    """
    table = Table(find_table(name))
    if table.space != task.space.name:
        raise InvalidOption(f"table '{name}' is of space '{table.space}'; task '{task.name}' is of '{task.space.name}'")
    datasets = {"all", task.observed.dataset, task.observed.dataset.removesuffix("-valid")}
    columns = [column for column in table.statics if column[0] in datasets and _is_proxy(table, *column)]
    if not columns:
        known = ", ".join("/".join(column) for column in table.statics) or "none"
        raise InvalidOption(f"table '{name}' has no proxies of '{task.observed.dataset}' (its static metrics: {known})")
    rows = table.index(archs)
    values = np.full((len(archs), len(columns)), np.nan)
    there = rows >= 0
    for i, (dataset, metric) in enumerate(columns):
        values[there, i] = table.static(rows[there], dataset=dataset, metric=metric)
    return values


def _is_proxy(table: Table, dataset: str, metric: str) -> bool:
    about = table.describe_static(dataset, metric)
    return about["unit"] != "fraction" and len(about["shape"]) == 1
