"""Write a task for a table of the user's own, so that every command finds it by name.

A task of the user's folder is one file ``NAME.toml`` with the same keys as the suite's own tasks (one task, without
``[tasks.NAME]``). ``declare_task`` chooses what a search observes, reports and pays from what a table holds; where the
table leaves a choice, it asks.
"""

import math
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.declarations import format_toml
from nasbench.errors import InvalidOption
from nasbench.files import write_text, write_unless_other
from nasbench.table import Table, find_table, list_tables
from nasbench.tasks.declarations import (
    SURROGATE_PREFIX,
    checked,
    get_task_folder,
    is_surrogate,
    shipped_declarations,
)
from nasbench.tasks.table_opening import make_table_task
from nasbench.tasks.table_task import TableTask

_NAME = re.compile(r"\w[\w.+-]*")
_LONGEST_NAME = 100  # characters; it is the name of files
_TRAININGS = 100  # trainings that the budget of a task pays for, where a third of the pool is not fewer
_SHOWN = 8  # columns that a question lists
_SEEN = ("valid", "train")

_Path = tuple[str, str, str, str]  # data set, recipe, split, metric


def declare_task(
    table: Table,
    *,
    score: str = "",
    cost: str | float = "",
    objectives: Sequence[str] = (),
    title: str = "",
    columns: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the declaration of a task on a table: observed, reported and charged columns, and a budget.

    Args:
        table: a table in the user's folder, or any file.
        score: the column that a search observes: its metric, or the end of ``dataset/recipe/split/metric``. By default
            the table's only validation metric, or its only validation accuracy.
        cost: the column of seconds, likewise; or the seconds of each training run as a number. By default the seconds
            of training that were measured with the score, and 1 where there are none.
        objectives: static metrics that a search optimises besides the score.
        title: one line for lists; the table's by default.
        columns: names of the columns of the user's own file; see ``columns`` in ``nasbench.tasks.declarations``.

    Raises:
        InvalidOption: the table has no such column, or several and no option says which.
    """
    seen = _choose_score(table, score)
    dataset, recipe, split, metric = seen
    reported = [split, *(["test"] if (dataset, recipe, "test", metric) in table.measurements else [])]
    charged = _choose_cost(table, seen, cost)
    mean_s = _measure_cost(table, seen, charged)
    budget_s, note = choose_budget(len(table), mean_s)
    return {
        "title": title or table.title,
        "version": 1,
        "space": table.space,
        "table": _name_table(table),
        "dataset": dataset,
        "recipe": recipe,
        "metric": metric,
        "observed": split,
        "reported": reported,
        "cost": charged,
        **({"objectives": _declare_objectives(table, dataset, objectives)} if objectives else {}),
        "budget_s": budget_s,
        "budget_note": note,
        **({"columns": dict(columns)} if columns else {}),
    }


def write_task(name: str, values: Mapping[str, Any], *, replace: bool = False) -> Path:
    """Check a declaration, write it into the user's folder of tasks, and return the file.

    Args:
        name: name of the task, by which every command finds it.
        values: its declaration, as ``declare_task`` returns it.
        replace: whether a task of this name with another declaration may be replaced.

    Raises:
        InvalidOption: the name cannot be used, another task has it, or the task breaks a rule.
        NasbenchError: its table or space cannot be opened.
    """
    path = find_task_file(name)
    open_declared_task(name, values).check()
    text = f"# Written by nasbench; edit it as you like.\n{format_toml(values)}"
    write_unless_other(partial(write_text, text=text), path, content=Path.read_text, replace=replace)
    return path


def find_task_file(name: str) -> Path:
    """Return the file for a task of the user's folder, which may not exist.

    Raises:
        InvalidOption: the name cannot be used, or belongs to the suite.
    """
    if not _NAME.fullmatch(name) or is_surrogate(name) or len(name) > _LONGEST_NAME:
        raise InvalidOption(
            f"task name {name[:_LONGEST_NAME]!r}: expected letters, digits, '_', '.', '+' and '-', up to "
            f"{_LONGEST_NAME}, and not '{SURROGATE_PREFIX}...'"
        )
    if name in shipped_declarations():
        raise InvalidOption(f"task name {name!r} belongs to a task of the suite; choose another name")
    return get_task_folder() / f"{name}.toml"


def open_declared_task(name: str, values: Mapping[str, Any]) -> TableTask:
    """Return the task of a declaration that is in no file.

    Raises:
        NasbenchError: the declaration breaks a rule, or its table or space cannot be opened.
    """
    return make_table_task(checked(values, name), find_table)


def choose_budget(n: int, mean_s: float) -> tuple[float, str]:
    """Return the default budget in seconds, and a note: about 100 trainings, or a third of the pool of ``n``."""
    trainings = max(1, min(_TRAININGS, round(n / 3)))
    budget_s = float(f"{trainings * mean_s:.3g}")
    whole = int(budget_s) if budget_s.is_integer() else budget_s
    third = ", a third of the architectures" if trainings < _TRAININGS else ""
    return whole, f"about {trainings} mean training{'s' if trainings > 1 else ''}{third}"


def _name_table(table: Table) -> str:
    """Return the name of a table that is found by name, else its file."""
    return table.path.stem if list_tables().get(table.path.stem) == table.path else str(table.path.resolve())


def _choose_score(table: Table, score: str) -> _Path:
    """Return the measurement that a search observes."""
    seen = [path for path in table.measurements if path[2] in _SEEN and _is_score(table, path)]
    found = [path for path in seen if _matches(path, score)] if score else seen
    if not found:
        raise InvalidOption(
            f"table '{table.name}' has no column {f'{score!r} ' if score else ''}that a search may observe: of split "
            f"valid or train, with a direction, neither seconds nor energy; it has {_list_paths(seen)}"
        )
    found = [path for path in found if path[2] == "valid"] or found
    found = found if score else [path for path in found if path[3] == "accuracy"] or found
    if len(found) != 1:
        raise InvalidOption(
            f"which column of table '{table.name}' should a search observe? It has {_list_paths(found)}; say "
            "--score METRIC (from Python, score=...), or the end of DATASET/RECIPE/SPLIT/METRIC"
        )
    return found[0]


def _is_score(table: Table, path: _Path) -> bool:
    about = table.describe(*path)
    return about["direction"] != "none" and about["unit"] not in ("s", "J")


def _matches(path: Sequence[str], asked: str) -> bool:
    return f"/{'/'.join(path)}".endswith(f"/{asked}")


def _list_paths(paths: Sequence[Sequence[str]]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join("/".join(path) for path in paths[:_SHOWN]) + more if paths else "none"


def _choose_cost(table: Table, seen: _Path, cost: str | float) -> float | list[dict[str, Any]]:
    """Return the cost of a task as its declaration writes it."""
    if not isinstance(cost, str):
        if not (cost > 0 and math.isfinite(cost)):
            raise InvalidOption(f"cost={cost!r}; expected a positive number of seconds, or the name of a column")
        return float(cost)
    dataset, recipe = seen[:2]
    measured = [path for path in table.measurements if path[:2] == (dataset, recipe) and _is_seconds(table, path)]
    static = [own for own in table.statics if own[0] in (dataset, "all") and _is_static_seconds(table, own)]
    if cost:
        measured = [path for path in measured if _matches(path, cost)]
        static = [own for own in static if _matches(own, cost)]
        if not measured and not static:
            raise InvalidOption(f"table '{table.name}' has no column {cost!r} of seconds of {dataset}/{recipe}")
    else:
        measured = [path for path in measured if path[2] == "train"] or measured
        static = [own for own in static if own[1] == "train_s"]
    if len(found := measured or static) > 1:
        raise InvalidOption(
            f"which column of table '{table.name}' is the cost of a training run? It has {_list_paths(found)}; say "
            "--cost METRIC (from Python, cost=...)"
        )
    if measured:
        return [{"split": measured[0][2], "metric": measured[0][3]}]
    return [{"static": static[0][1], "dataset": static[0][0]}] if static else 1.0


def _is_seconds(table: Table, path: _Path) -> bool:
    return bool(table.describe(*path)["unit"] == "s")


def _is_static_seconds(table: Table, own: tuple[str, str]) -> bool:
    about = table.describe_static(*own)
    return about["unit"] == "s" and len(about["shape"]) == 1


def _measure_cost(table: Table, seen: _Path, cost: float | list[dict[str, Any]]) -> float:
    """Return the mean seconds of a training run."""
    if not isinstance(cost, list):
        return cost
    (part,) = cost
    everything = np.arange(len(table))
    if "static" in part:
        seconds = table.static(everything, dataset=part["dataset"], metric=part["static"])
    else:
        seconds = table.query(everything, dataset=seen[0], recipe=seen[1], split=part["split"], metric=part["metric"])
    mean_s = float(np.nanmean(seconds))
    if not mean_s > 0:
        raise InvalidOption(f"the seconds of training runs in table '{table.name}' are all 0; give another cost")
    return mean_s


def _declare_objectives(table: Table, dataset: str, names: Sequence[str]) -> dict[str, Any]:
    """Return the objectives of a task from the names of static metrics."""
    declared = {}
    for name in names:
        owners = [owner for owner, metric in table.statics if metric == name and owner in (dataset, "all")]
        if not owners:
            known = [own for own in table.statics if own[0] in (dataset, "all")]
            raise InvalidOption(f"table '{table.name}' has no static metric {name!r}; it has {_list_paths(known)}")
        declared[name] = {"metric": name, "dataset": owners[0]}
    return declared
