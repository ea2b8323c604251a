"""Human-readable descriptions of what a task's table holds: of the whole task, and of single architectures."""

from typing import TYPE_CHECKING, Any

from nasbench.arrays import Archs, Floats
from nasbench.backends.table import rows_of
from nasbench.tasks.columns import CostTerm, MeasuredColumn, ScaledMetric
from nasbench.tasks.spaces import described_decisions
from nasbench.units import Objective, Scale

if TYPE_CHECKING:
    from nasbench.tasks.table_task import TableTask

Columns = dict[str, tuple[Floats, Scale]]
"""Values [n] by name, with their unit and direction."""


def describe_table_task(task: "TableTask") -> dict[str, Any]:
    """Return, as plain data, what a user must know before quoting a number."""
    from nasbench.encodings import list_encodings  # loads scipy, which a search does without

    task.check()
    table, space, optimum, seen = task.table, task.whole, task.optimum, task.observed
    measured = [entry for entry in seen.table.measurements if entry[0] == seen.dataset]
    columns = {
        f"{recipe} {split} {metric}": seen.table.describe(data, recipe, split, metric)
        for data, recipe, split, metric in measured
    }
    return {
        "title": task.title,
        "version": task.version,
        "space": f"{space.name}: {space.shown_size} architectures of {len(space.decisions)} decisions",
        **({"decisions": decisions} if (decisions := described_decisions(space)) else {}),
        "encodings": list_encodings(space),
        "table": f"{table.name}: {len(table):,} architectures, {len(task.rows):,} of this task measured",
        **({"restriction": task.restriction} if task.restriction else {}),
        "dataset": seen.dataset,
        "measurements": {
            name: f"seeds {column['seeds']}, epochs {_say_range(column['epochs'])}, {column['unit']}"
            for name, column in columns.items()
        },
        "static_metrics": sorted(metric for data, metric in seen.table.statics if data in (seen.dataset, "all")),
        "observed": f"{_say_column(seen)}; {_say_noise(task)}{_say_minimised(task.scale)}",
        "epochs": f"{_say_range(list(task.epochs))}, a complete training run is {task.epochs[-1]}",
        **({"fidelities": [_say_column(one.observed) for one in task.fidelities]} if task.fidelities else {}),
        "reported": {
            label: f"{_say_column(column)}, mean over seeds{_say_minimised(column.scale)}"
            for label, column in task.reports.items()
        },
        "unit": task.scales[task.reported[0]].unit,
        "direction": task.scales[task.reported[0]].direction,
        **({"objectives": objectives} if (objectives := _say_objectives(task)) else {}),
        "cost": _say_cost(task.costs),
        "budget_s": task.budget_s,
        "budget_note": task.budget_note,
        "optimum": {"architecture": space.format(optimum.arch)[0], task.reported[0]: optimum.score},
        "random_architecture": task.random_score,
        **{key: "; ".join(dict.fromkeys(getattr(one, key) for one in task.tables)) for key in _CITED},
        "notes": table.notes,
        "table_sha256": table.checksum,
        "file": str(table.path),
    }


_CITED = ("citation", "licence", "source")
"""Attributes that are listed for every table that a task reads."""


def look_up_columns(task: "TableTask", archs: Archs) -> Columns:
    """Return all that the observed column's table holds of architectures [n, d], and their further objectives."""
    table, data = task.observed.table, task.observed.dataset
    index = rows_of(task.space, table, archs)
    columns: Columns = {}
    for dataset, recipe, split, metric in table.measurements:
        if dataset == data:
            where: dict[str, Any] = {"dataset": dataset, "recipe": recipe, "split": split, "metric": metric}
            about = table.describe(**where)
            for seed in ("mean", *(about["seeds"] if len(about["seeds"]) > 1 else ())):
                name = f"{split} {metric} ({recipe}, {seed if seed == 'mean' else f'seed {seed}'})"
                columns[name] = (table.query(index, **where, seed=seed), Scale.of(about))
    for dataset, metric in table.statics:
        if dataset in (data, "all"):
            scale = Scale.of(table.describe_static(dataset, metric))
            columns |= _name_static(metric, table.static(index, dataset=dataset, metric=metric), scale)
    for label, column in task.further.items():
        columns[f"{label} ({column.scale.unit})"] = (task.query(archs, label), column.scale)
    return columns


def _name_static(metric: str, values: Any, scale: Scale) -> Columns:
    """Return a static metric as columns: one for each repetition where there are several."""
    if values.ndim == 1:
        return {metric: (values, scale)}
    return {f"{metric} ({i})": (repetition, scale) for i, repetition in enumerate(values.T)}


def _say_minimised(scale: Scale) -> str:
    """Return a note on the unit and direction if the metric is minimised; else nothing."""
    unit = "" if scale.unit == "none" else f"{scale.unit}, "
    return f"; {unit}to be minimised" if scale.sign < 0 else ""


def _say_column(column: MeasuredColumn) -> str:
    return f"{column.split} {column.metric} on {column.dataset}, {column.recipe}, table {column.table.name}"


def _say_objectives(task: "TableTask") -> dict[str, str]:
    """Return a text on each further objective, and on the first one if its range is declared."""
    seen, *others = task.objectives
    told = {seen.name: f"{seen.direction} {seen.name} ({seen.unit}){points}"} if (points := say_points(seen)) else {}
    for one in others:
        column = task.further[one.name]
        text = f"{one.direction} {column.metric} ({one.unit}) on {column.dataset}, table {column.table.name}"
        told[one.name] = text + say_points(one)
    return told


def say_points(objective: Objective) -> str:
    """Return the reference and the bound of an objective as text; empty if neither is declared."""
    named = {"reference": objective.reference, "bound": objective.bound}
    return "".join(f", {key} {objective.scale.exact(value)}" for key, value in named.items() if value is not None)


def _say_noise(task: "TableTask") -> str:
    if len(task.observed.seeds) < 2:
        return "the table's only value, without noise"
    if task.repeats == "fresh":
        return "one seed, another one each time an architecture is asked for"
    return "one seed, fixed for a run and an architecture"


def _say_cost(costs: str | float | tuple[CostTerm, ...]) -> str:
    if isinstance(costs, str):
        return f"{costs} of the table"
    if isinstance(costs, tuple):
        return " + ".join(map(_say_charge, costs))
    return f"{costs:g} simulated second(s) per training run"


def _say_charge(charge: CostTerm) -> str:
    column, often = charge.column, " for each answer" if charge.each_answer else ""
    if isinstance(column, ScaledMetric):
        return f"{column.times:g} x {column.metric} on {column.dataset}, table {column.table.name}{often}"
    return _say_column(column) + often


def _say_range(epochs: list[int]) -> str:
    return str(epochs) if len(epochs) <= 4 else f"{epochs[0]} to {epochs[-1]} ({len(epochs)})"
