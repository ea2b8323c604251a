"""Make a task from a declaration: open its tables and resolve the columns that it names.

A task with two objectives and their known ranges::

    [tasks.cifar10-flops]
    dataset = "cifar10-valid"
    observed = { split = "valid", reference = 0.5, bound = 1.0 }
    objectives.flops = { metric = "flops", reference = 3e8, bound = 0 }

``reference`` is a value that every useful architecture improves on, such as the reference point of hypervolume;
``bound`` is a value that no architecture improves on. Both are in the unit of the column and may be left out.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nasbench.table import Table, find_table
from nasbench.tasks.columns import CostTerm, MeasuredColumn, ScaledMetric, StaticMetric
from nasbench.tasks.declarations import COLUMN_KEYS, POINT_KEYS, read_declaration
from nasbench.tasks.fidelities import Fidelity
from nasbench.tasks.spaces import task_space
from nasbench.tasks.table_task import TableTask


def load_table_task(name: str) -> TableTask:
    """Open a task answered by a table, by name or as ``path/to/family.toml:member``.

    Raises:
        UnknownName: no such task, space or table.
        InvalidOption: a declaration that breaks the rules, or a table other than the declared one.
        TableError: the table file is damaged.
    """
    file = name.rpartition(":")[0]
    beside = Path(file).expanduser().parent if file.endswith(".toml") else None
    return make_table_task(read_declaration(name), lambda table: find_table(table, beside=beside))


def make_table_task(declaration: Mapping[str, Any], find: Callable[[str], Path]) -> TableTask:
    """Make a task from its declaration.

    Args:
        declaration: checked values, including the task's ``name``.
        find: returns the file of a table from its declared name.

    Raises:
        NasbenchError: as ``load_table_task``.
    """
    values = dict(declaration)
    table = Table(find(values.pop("table")))
    space = task_space(values.pop("space"), values.pop("space_options", {}), table)
    read = ColumnReader(table, find, {key: values.pop(key) for key in COLUMN_KEYS if key in values})
    seen, point = _without_points(values.pop("observed"))
    observed = read(seen)
    reports = {label: read(given) for label, given in values.pop("reported").items()}
    cost = values.pop("cost")
    costs = read.charges(cost) if isinstance(cost, list) else cost
    declared = {label: _without_points(given) for label, given in values.pop("objectives", {}).items()}
    further = {label: read.static(given) for label, (given, _) in declared.items()}
    points = {observed.metric: point} | {label: own for label, (_, own) in declared.items()}
    fidelities = tuple(
        Fidelity(read(given["observed"]), read.charges(given["cost"])) for given in values.pop("fidelities", [])
    )
    for key in ("importer", "where", "suite", "family", "columns"):
        values.pop(key, None)
    columns: dict[str, Any] = {"observed": observed, "reports": reports, "further": further, "points": points}
    values["declaration"] = declaration
    return TableTask(whole=space, table=table, costs=costs, fidelities=fidelities, **columns, **values)


def _without_points(given: Any) -> tuple[Any, tuple[float | None, float | None]]:
    """Return the reference to a column without ``reference`` and ``bound``, and these two."""
    if not isinstance(given, dict):
        return given, (None, None)
    column = {key: value for key, value in given.items() if key not in POINT_KEYS}
    reference, bound = (None if given.get(key) is None else float(given[key]) for key in POINT_KEYS)
    return column, (reference, bound)


class ColumnReader:
    """Resolves references to columns in a declaration, and opens each table once."""

    def __init__(self, home: Table, find: Callable[[str], Path], defaults: dict[str, str]) -> None:
        self._home, self._find, self._defaults = home, find, defaults
        self._open: dict[str, Table] = {}

    def __call__(self, given: str | dict[str, str]) -> MeasuredColumn:
        """Return the measured column for ``"valid"``, or for keys that override the task's own."""
        keys = {"split": given} if isinstance(given, str) else dict(given)
        return MeasuredColumn(self._home, self._table(keys.pop("table", "")), **self._defaults | keys)

    def static(self, given: dict[str, str]) -> StaticMetric:
        """Return the static metric for these keys; the data set is the task's unless given."""
        keys = {"dataset": self._defaults["dataset"]} | given
        return StaticMetric(self._home, self._table(keys.pop("table", "")), **keys)

    def charges(self, given: list[str | dict[str, Any]]) -> tuple[CostTerm, ...]:
        """Return the terms of a cost."""
        return tuple(map(self._charge, given))

    def _charge(self, given: str | dict[str, Any]) -> CostTerm:
        """Return one term of a cost: a measured column, or with ``static`` a share of a static metric."""
        keys = {} if isinstance(given, str) else dict(given)
        each_answer = keys.pop("per", "training") == "answer"
        if "static" not in keys:
            return CostTerm(self(keys or given), each_answer)
        keys = {"dataset": self._defaults["dataset"]} | keys
        table = self._table(keys.pop("table", ""))
        share = ScaledMetric(self._home, table, keys["dataset"], keys["static"], times=float(keys.get("times", 1.0)))
        return CostTerm(share, each_answer)

    def _table(self, name: str) -> Table:
        if name and name not in self._open:
            self._open[name] = Table(self._find(name))
        return self._open[name] if name else self._home
