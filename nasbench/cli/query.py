"""Look up architectures of a task.

They are given in the benchmark's own string form, or by its own numbers.
"""

from typing import Annotated, Any

import typer

from nasbench.cli._show import or_none, print_json, print_table
from nasbench.units import Scale


def command(
    task: Annotated[str, typer.Argument(help="A name from 'nasbench list tasks'.")],
    architectures: Annotated[list[str], typer.Argument(help="Strings, or #N for the benchmark's own number.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every split, seed and static metric that the table holds for each architecture."""
    from nasbench.tasks import load_task

    loaded = load_task(task)
    archs = loaded.space.read(architectures)
    loaded.query(archs, loaded.reported[0])  # refuses what the table lacks
    rows, scales = _rows(loaded, archs)
    if as_json:
        print_json([{"architecture": text, "canonical": canonical, **row} for text, canonical, row in rows])
        return
    for text, canonical, row in rows:
        same = "" if canonical == text else f"  (canonical form {canonical})"
        shown = [(key, "missing" if value is None else scales[key].exact(value)) for key, value in row.items()]
        print_table(text + same, ("", ""), shown)


Columns = dict[str, tuple[Any, Scale]]
"""Numbers [n] by name, and what they mean."""


def _rows(task: Any, archs: Any) -> tuple[list[tuple[str, str, dict[str, float | None]]], dict[str, Scale]]:
    from nasbench.tasks import Task

    columns = _columns(task, archs) if isinstance(task, Task) else _answers(task, archs)
    texts, canonical = task.space.format(archs), task.space.format(task.space.canonical(archs))
    rows = [
        (text, same, {name: or_none(float(values[i])) for name, (values, _) in columns.items()})
        for i, (text, same) in enumerate(zip(texts, canonical, strict=True))
    ]
    return rows, {name: scale for name, (_, scale) in columns.items()}


def _answers(task: Any, archs: Any) -> Columns:
    """Return all that a task without a table says of architectures [n, d]."""
    known = {"cost_s": Scale("s", "minimize"), **task.scales}
    return {name: (values, known.get(name, task.scale)) for name, values in task.answers(archs).items()}


def _columns(task: Any, archs: Any) -> Columns:
    """Return all that the table holds of architectures [n, d]."""
    from nasbench.backends.table import rows_of

    table, data = task.observed.table, task.observed.dataset
    index = rows_of(task.space, table, archs)
    columns: Columns = {}
    for dataset, recipe, split, metric in table.measurements:
        if dataset == data:
            where = {"dataset": dataset, "recipe": recipe, "split": split, "metric": metric}
            about = table.describe(**where)
            for seed in ("mean", *(about["seeds"] if len(about["seeds"]) > 1 else ())):
                name = f"{split} {metric} ({recipe}, {seed if seed == 'mean' else f'seed {seed}'})"
                columns[name] = (table.query(index, **where, seed=seed), Scale.of(about))
    for dataset, metric in table.statics:
        if dataset in (data, "all"):
            scale = Scale.of(table.describe_static(dataset, metric))
            columns |= _static(metric, table.static(index, dataset=dataset, metric=metric), scale)
    objectives = {label: (task.query(archs, label), column.scale) for label, column in task.objectives.items()}
    return columns | {f"{label} ({scale.unit})": (values, scale) for label, (values, scale) in objectives.items()}


def _static(metric: str, values: Any, scale: Scale) -> Columns:
    """Return a static metric; one column for each repetition where there are several."""
    if values.ndim == 1:
        return {metric: (values, scale)}
    return {f"{metric} ({i})": (repetition, scale) for i, repetition in enumerate(values.T)}
