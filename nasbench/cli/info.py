"""Describe a task (sizes, splits, seeds, cost, optimum, licence), or a strategy, predictor, encoding, proxy, space."""

import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.cli._show import print_json, print_table
from nasbench.units import Scale

if TYPE_CHECKING:
    from nasbench.registry import Registry

_SCORES = ("optimum", "best_known", "random_architecture")


def command(
    name: Annotated[str, typer.Argument(help="A task or a component, as 'nasbench list' shows it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a user must know before quoting a number."""
    if registry := _registry_of(name):
        component = _component(registry, name)
        if as_json:
            print_json(component)
        else:
            print(_page(name, component))
        return
    from nasbench.tasks import Task, load_task

    opened = load_task(name)
    described = _describe(opened) if isinstance(opened, Task) else opened.described()
    if as_json:
        print_json(described)
        return
    scale = opened.scales[opened.reported[0]]
    rows = [
        (key.replace("_", " "), _text(value, scale if key in _SCORES else None)) for key, value in described.items()
    ]
    print_table(name, ("", ""), rows)


def _registry_of(name: str) -> "Registry | None":
    from nasbench import registry

    kinds = (
        registry.STRATEGIES,
        registry.PREDICTORS,
        registry.ENCODINGS,
        registry.PROXIES,
        registry.SPACES,
        registry.IMPORTERS,
    )
    return next((kind for kind in kinds if name in kind.names()), None)


def _component(registry: "Registry", name: str) -> dict[str, Any]:
    """Return a component's manual page, and its options with their defaults where it is installed."""
    import inspect

    from nasbench.options import describe_options

    extra = registry.missing_extra(name)
    options: dict[str, str] | None = None
    presets, described = {}, {}
    if extra is None:
        component = registry.load(name)
        parameters = inspect.signature(component).parameters.values()
        options = {item.name: repr(item.default) for item in parameters if item.kind is item.KEYWORD_ONLY}
        described = describe_options(component)
        presets = {preset: dict(values) for preset, values in getattr(component, "presets", {}).items()}
    return {
        "kind": registry.singular,
        "manual": registry.manual(name) or registry.summary(name),
        "options": options,
        "option_help": {key: described[key] for key in options or () if key in described},
        "presets": presets,
        "missing_extra": extra,
    }


def _page(name: str, component: dict[str, Any]) -> str:
    lines = [f"{name}, {component['kind']}", "", component["manual"], ""]
    if component["missing_extra"]:
        lines += [f"not installed: pip install 'nasbench-suite[{component['missing_extra']}]'"]
    if options := component["options"]:
        lines += ["options: " + ", ".join(f"{key}={value}" for key, value in options.items())]
        lines += [
            textwrap.fill(f"  {key}: {text}", 120, subsequent_indent=" " * 4)
            for key, text in component["option_help"].items()
        ]
    lines += [
        f"preset @{preset}: " + (", ".join(f"{key}={value}" for key, value in values.items()) or "the defaults")
        for preset, values in component["presets"].items()
    ]
    return "\n".join(lines).rstrip()


def _describe(task: Any) -> dict[str, Any]:
    from nasbench.encodings import encoding_names
    from nasbench.tasks.spaces import described_decisions

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
        "space": f"{space.name}: {space.size:,} architectures of {len(space.decisions)} decisions",
        **({"decisions": decisions} if (decisions := described_decisions(space)) else {}),
        "encodings": encoding_names(space),
        "table": f"{table.name}: {len(table):,} architectures, {len(task.rows):,} of this task measured",
        **({"restriction": task.restriction} if task.restriction else {}),
        "dataset": seen.dataset,
        "measurements": {
            name: f"seeds {column['seeds']}, epochs {_range(column['epochs'])}, {column['unit']}"
            for name, column in columns.items()
        },
        "static_metrics": sorted(metric for data, metric in seen.table.statics if data in (seen.dataset, "all")),
        "observed": f"{_column(seen)}; {_noise(len(seen.axes['seeds']))}{_minimised(task.scale)}",
        "epochs": f"{_range(list(task.epochs))}, a complete training is {task.epochs[-1]}",
        **({"fidelities": [_column(one.observed) for one in task.fidelities]} if task.fidelities else {}),
        "reported": {
            label: f"{_column(column)}, mean over seeds{_minimised(column.scale)}"
            for label, column in task.reports.items()
        },
        "unit": task.scales[task.reported[0]].unit,
        "direction": task.scales[task.reported[0]].direction,
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


def _minimised(scale: Scale) -> str:
    """Say what is not taken for granted."""
    unit = "" if scale.unit == "none" else f"{scale.unit}, "
    return f"; {unit}to be minimised" if scale.sign < 0 else ""


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
        return " + ".join(map(_charged, costs))
    return f"{costs:g} simulated second(s) a training"


def _charged(charge: Any) -> str:
    column, often = charge.column, " for each answer" if charge.each_answer else ""
    if hasattr(column, "times"):
        return f"{column.times:g} x {column.metric} on {column.dataset}, table {column.table.name}{often}"
    return _column(column) + often


def _range(epochs: list[int]) -> str:
    return str(epochs) if len(epochs) <= 4 else f"{epochs[0]} to {epochs[-1]} ({len(epochs)})"


def _text(value: Any, scale: Scale | None = None) -> str:
    """Return plain data as a line; numbers that are of the task's metric have its ``scale``."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_text(item, scale)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float) and scale is not None:
        return scale.text(value)
    return f"{value:,}" if isinstance(value, int | float) else str(value)
