"""Describe a task: space, sizes, splits, seeds, cost, budget, optimum, citation, licence."""

from typing import Annotated, Any

import typer

from nasbench.cli._show import print_json, print_table

_SCORES = ("optimum", "random_architecture")


def command(
    task: Annotated[str, typer.Argument(help="A task, as 'nasbench list' shows it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a user must know before quoting a number."""
    from nasbench.tasks import SurrogateTask, load_task

    opened = load_task(task)
    described = opened.described() if isinstance(opened, SurrogateTask) else _describe(opened)
    if as_json:
        print_json(described)
        return
    rows = [(key.replace("_", " "), _text(value, percent=key in _SCORES)) for key, value in described.items()]
    print_table(task, ("", ""), rows)


def _describe(task: Any) -> dict[str, Any]:
    table, space, optimum, seen = task.table, task.space, task.optimum, task.observed
    measured = [entry for entry in seen.table.measurements if entry[0] == seen.dataset]
    columns = {
        f"{recipe} {split} {metric}": seen.table.describe(data, recipe, split, metric)
        for data, recipe, split, metric in measured
    }
    task.check()
    return {
        "title": task.title,
        "version": task.version,
        "space": f"{space.name}: {space.size:,} architectures of {len(space.decisions)} decisions",
        "encodings": list(space.encodings),
        "table": f"{table.name}: {len(table):,} architectures, {len(task.rows):,} of this task measured",
        "dataset": seen.dataset,
        "measurements": {
            name: f"seeds {column['seeds']}, epochs {_range(column['epochs'])}, {column['unit']}"
            for name, column in columns.items()
        },
        "static_metrics": sorted(metric for data, metric in seen.table.statics if data in (seen.dataset, "all")),
        "observed": f"{_column(seen)}; {_noise(len(seen.axes['seeds']))}",
        "reported": {label: f"{_column(column)}, mean over seeds" for label, column in task.reports.items()},
        **({"objectives": _objectives(task)} if task.objectives else {}),
        "cost": _cost(task.costs),
        "budget_s": task.budget_s,
        "budget_note": task.budget_note,
        "optimum": {
            "architecture": space.format(optimum.arch)[0],
            task.reported[0]: optimum.score,
        },
        "random_architecture": task.random_score,
        **{key: _of_all_tables(task, key) for key in ("citation", "licence", "source")},
        "notes": table.notes,
        "table_sha256": table.checksum,
        "file": str(table.path),
    }


def _column(column: Any) -> str:
    return f"{column.split} {column.metric} on {column.dataset}, {column.recipe}, table {column.table.name}"


def _objectives(task: Any) -> dict[str, str]:
    """What a strategy sees in further columns of its scores; there, what is minimised is negated."""
    return {
        label: f"{column.axes['direction']} {column.metric} ({column.axes['unit']}) on {column.dataset}, "
        f"table {column.table.name}"
        for label, column in task.objectives.items()
    }


def _of_all_tables(task: Any, key: str) -> str:
    """Whatever a task reads is to be cited."""
    return "; ".join(dict.fromkeys(getattr(table, key) for table in task.tables))


def _noise(n_seeds: int) -> str:
    return "one seed, fixed for a run and an architecture" if n_seeds > 1 else "the table's only value, without noise"


def _cost(costs: Any) -> str:
    if isinstance(costs, str):
        return f"{costs} of the table"
    if isinstance(costs, tuple):
        return " + ".join(_column(column) for column in costs)
    return f"{costs:g} simulated second(s) a training"


def _range(epochs: list[int]) -> str:
    return str(epochs) if len(epochs) <= 4 else f"{epochs[0]} to {epochs[-1]} ({len(epochs)})"


def _text(value: Any, *, percent: bool) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_text(item, percent=percent)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float) and percent:
        return f"{100 * value:.3f} %"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
