"""Look up architectures of a task, given in the benchmark's own string form or by its own numbers."""

from typing import Annotated, Any

import typer

from nasbench.cli._show import or_none, print_json, print_table


def command(
    task: Annotated[str, typer.Argument(help="A task, as 'nasbench list' shows it.")],
    architectures: Annotated[list[str], typer.Argument(help="Strings, or #N, the benchmark's own number.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every split, seed and static metric that the table holds for each architecture."""
    from nasbench.tasks import load_task

    loaded = load_task(task)
    archs = loaded.space.read(architectures)
    loaded.query(archs, loaded.reported[0])  # refuses what the table lacks
    rows = _rows(loaded, archs)
    if as_json:
        print_json([{"architecture": text, "canonical": canonical, **row} for text, canonical, row in rows])
        return
    for text, canonical, row in rows:
        same = "" if canonical == text else f"  (canonical form {canonical})"
        print_table(text + same, ("", ""), [(key, _number(value)) for key, value in row.items()])


def _number(value: float | None) -> str:
    if value is None:
        return "missing"
    return f"{value:,.0f}" if value == int(value) else f"{value:.6g}"


def _rows(task: Any, archs: Any) -> list[tuple[str, str, dict[str, float | None]]]:
    from nasbench.tasks import Task

    columns = _columns(task, archs) if isinstance(task, Task) else task.answers(archs)
    texts, canonical = task.space.format(archs), task.space.format(task.space.canonical(archs))
    return [
        (text, same, {name: or_none(float(values[i])) for name, values in columns.items()})
        for i, (text, same) in enumerate(zip(texts, canonical, strict=True))
    ]


def _columns(task: Any, archs: Any) -> dict[str, Any]:
    """Return all that the table holds of architectures [n, d]; ``[n]`` for each name."""
    from nasbench.backends.table import rows_of

    table, data = task.observed.table, task.observed.dataset
    index = rows_of(task.space, table, archs)
    columns: dict[str, Any] = {}
    for dataset, recipe, split, metric in table.measurements:
        if dataset == data:
            where = {"dataset": dataset, "recipe": recipe, "split": split, "metric": metric}
            columns[f"{split} {metric} ({recipe}, mean)"] = table.query(index, **where)
            seeds = table.describe(**where)["seeds"]
            for seed in seeds if len(seeds) > 1 else ():
                columns[f"{split} {metric} ({recipe}, seed {seed})"] = table.query(index, **where, seed=seed)
    for dataset, metric in table.statics:
        values = table.static(index, dataset=dataset, metric=metric) if dataset in (data, "all") else None
        if values is not None:
            columns |= {metric: values} if values.ndim == 1 else {f"{metric} ({i})": v for i, v in enumerate(values.T)}
    return columns | {f"{label} ({c.axes['unit']})": task.query(archs, label) for label, c in task.objectives.items()}
