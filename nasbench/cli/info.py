"""Describe a task (sizes, splits, seeds, cost, optimum, licence), or a strategy, predictor, encoding, proxy, space."""

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
    from nasbench.tasks import load_task

    opened = load_task(name)
    described = opened.describe()
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

    extra = registry.missing_extra(name)
    options: dict[str, str] | None = None
    presets = {}
    if extra is None:
        component = registry.load(name)
        parameters = inspect.signature(component).parameters.values()
        options = {item.name: repr(item.default) for item in parameters if item.kind is item.KEYWORD_ONLY}
        presets = {preset: dict(values) for preset, values in getattr(component, "presets", {}).items()}
    return {
        "kind": registry.singular,
        "manual": registry.manual(name) or registry.summary(name),
        "options": options,
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
        f"preset @{preset}: " + (", ".join(f"{key}={value}" for key, value in values.items()) or "the defaults")
        for preset, values in component["presets"].items()
    ]
    return "\n".join(lines).rstrip()


def _text(value: Any, scale: Scale | None = None) -> str:
    """Return plain data as a line; numbers that are of the task's metric have its ``scale``."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_text(item, scale)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float) and scale is not None:
        return scale.text(value)
    return f"{value:,}" if isinstance(value, int | float) else str(value)
