"""Describe anything that 'nasbench list' shows.

A task: sizes, splits, seeds, cost, optimum, licence. A component: its source, options and presets.
"""

import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.cli._show import print_json, print_table, print_text
from nasbench.units import Scale

if TYPE_CHECKING:
    from nasbench.registry import Registry

_SCORES = ("optimum", "best_known", "random_architecture")


def command(
    name: Annotated[str, typer.Argument(help="A name that 'nasbench list' shows, or FILE.toml:MEMBER of your own.")],
    kind: Annotated[str, typer.Option(help="Only entries of this kind, for example predictors.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; a list if NAME is ambiguous.")] = False,
) -> None:
    """Show everything with this name: sizes, splits, cost and licence of a task; sources and options of a component."""
    from nasbench.cli._catalogue import kinds
    from nasbench.errors import make_unknown_name

    if kind and kind not in kinds():
        raise make_unknown_name("kind", kind, kinds())
    found = _kinds_of(name, kind)
    if as_json:
        described = [_data(name, one) for one in found]
        print_json(described[0] if len(described) == 1 else described)
        return
    for i, one in enumerate(found):
        if i:
            print(f"\n{'-' * 79}\n")
        _print(name, one)


def _kinds_of(name: str, kind: str) -> list[str]:
    """Return the kinds in which something has this name.

    Raises:
        UnknownName: nothing has this name.
    """
    from nasbench.cli._catalogue import entries_of, kinds
    from nasbench.errors import make_unknown_name
    from nasbench.tasks.declarations import is_surrogate

    if ":" in name or is_surrogate(name):
        return ["tasks"]
    named = {one: entries_of(one) for one in ([kind] if kind else kinds())}
    found = [one for one, entries in named.items() if name in entries]
    if not found:
        raise make_unknown_name(
            kind or "name", name, list(dict.fromkeys(known for own in named.values() for known in own))
        )
    components = [one for one in found if one != "tables"]
    return (
        components or found
    )  # a table is described only if nothing else has its name: 'list tables' shows where it is


def _data(name: str, kind: str) -> dict[str, Any]:
    """Return everything known about the entry of this name and kind, as plain data."""
    from nasbench.cli._catalogue import registries

    if registry := registries().get(kind):
        return _component(registry, name)
    readers = {"tasks": _task, "tables": _table, "recipes": _recipe, "published": _published}
    return readers[kind](name)


def _print(name: str, kind: str) -> None:
    """Print everything known about the entry of this name and kind."""
    from nasbench.cli._catalogue import registries

    if kind in registries():
        print(_page(name, _data(name, kind)))
    elif kind == "published":
        from nasbench.reproduction import load_published
        from nasbench.reproduction.report import describe_published

        print_text(describe_published(load_published(name)))
    else:
        scale = _scale(name) if kind == "tasks" else None
        described = {key: value for key, value in _data(name, kind).items() if key != "kind"}
        rows = [
            (key.replace("_", " "), _text(value, scale if key in _SCORES else None)) for key, value in described.items()
        ]
        print_table(name if kind == "tasks" else f"{name}, {kind.removesuffix('s')}", ("", ""), rows)


def _scale(task: str) -> Scale:
    from nasbench.tasks import load_task

    opened = load_task(task)
    return opened.scales[opened.reported[0]]


def _task(name: str) -> dict[str, Any]:
    from nasbench.tasks import load_task

    return load_task(name).describe()


def _table(name: str) -> dict[str, Any]:
    """Return what a table holds, or how to get it."""
    from nasbench.table import Table, find_table, list_tables
    from nasbench.tasks.known_tables import absent_tables

    if name not in list_tables():
        return {"kind": "table", "how_to_get_it": absent_tables()[name]}
    table = Table(find_table(name))
    return {
        "kind": "table",
        "title": table.title,
        "architectures": len(table),
        "measurements": [" ".join(entry) for entry in table.measurements],
        "static_metrics": [" ".join(entry) for entry in table.statics],
        "citation": table.citation,
        "licence": table.licence,
        "source": table.source,
        "notes": table.notes,
        "table_sha256": table.checksum,
        "file": str(table.path),
    }


def _recipe(name: str) -> dict[str, Any]:
    import tomllib
    from pathlib import Path

    file = Path(__file__).parents[1] / "training/recipes" / f"{name}.toml"
    return {"kind": "recipe", **tomllib.loads(file.read_text(encoding="utf-8")), "file": str(file)}


def _published(name: str) -> dict[str, Any]:
    from nasbench.reproduction import load_published
    from nasbench.reproduction.report import describe_published

    return {"kind": "published table", "manual": describe_published(load_published(name))}


def _component(registry: "Registry", name: str) -> dict[str, Any]:
    """Return a component's manual page, and its options with their defaults if it is installed."""
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


def _text(value: Any, scale: Scale | None = None) -> str:
    """Format plain data as a line; values of the task's metric are formatted by its ``scale``."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_text(item, scale)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float) and scale is not None:
        return scale.text(value)
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
