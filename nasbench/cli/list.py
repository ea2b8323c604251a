"""List everything that has a name: tasks, tables and all kinds of components; also what is not installed."""

import importlib.util
from typing import Annotated, Any

import typer

from nasbench.cli._show import print_json, print_table

_REPORT = ("matplotlib", "scikit_posthocs")


def command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show everything that has a name; imports no component and opens no table."""
    from nasbench.registry import DATASETS, ENCODINGS, IMPORTERS, NETWORKS, PREDICTORS, PROXIES, SPACES, STRATEGIES
    from nasbench.table import table_names
    from nasbench.tasks.declarations import absent_tasks, task_names
    from nasbench.tasks.known_tables import absent_tables

    registries = (STRATEGIES, PREDICTORS, ENCODINGS, SPACES, NETWORKS, PROXIES, DATASETS, IMPORTERS)
    listed = {
        registry.kind: {
            name: {
                "summary": registry.summary(name),
                "presets": registry.presets(name),
                "missing_extra": registry.missing_extra(name),
            }
            for name in registry.names()
        }
        for registry in registries
    }
    absent, others = absent_tasks(), absent_tables()
    if as_json:
        print_json({"tasks": task_names(), "absent_tasks": absent, "absent_tables": others, **listed})
        return
    print_table("Tasks", ("name", "what"), list(task_names().items()))
    print_table("Tables", ("name", "file"), [(name, str(path)) for name, path in table_names().items()])
    if absent:
        print_table("Known tasks whose table is not imported yet", ("name", "how to get it"), _grouped(absent))
    commands = {_command(how) for how in absent.values()}
    if rest := [(name, how) for name, how in others.items() if _command(how) not in commands]:
        print_table("Other known tables that are not imported yet", ("name", "how to get it"), rest)
    for kind, entries in listed.items():
        if rows := [(name, str(entry["summary"]), _more(entry)) for name, entry in entries.items()]:
            print_table(kind.capitalize(), ("name", "what", ""), rows)
        else:
            print(f"{kind.capitalize()}: none in this release\n")
    missing = [module for module in _REPORT if importlib.util.find_spec(module) is None]
    if missing:
        print(f"Plots and tests need {', '.join(missing)}: pip install 'nasbench-suite[report]'\n")
    print("More: nasbench info NAME, nasbench compare --help, nasbench predict --help")


def _grouped(entries: dict[str, str]) -> list[tuple[str, str]]:
    """Put names that share a text on one line, the first three of them."""
    names: dict[str, list[str]] = {}
    for name, text in entries.items():
        names.setdefault(text, []).append(name)
    more = {text: f" and {len(those) - 3} more" if len(those) > 3 else "" for text, those in names.items()}
    return [(", ".join(those[:3]) + more[text], text) for text, those in names.items()]


def _command(how: str) -> str:
    """Return what to type once the files are there."""
    return how.partition("then: ")[2]


def _more(entry: dict[str, Any]) -> str:
    presets = f"presets: {', '.join(entry['presets'])}" if entry["presets"] else ""
    extra = entry["missing_extra"]
    return f"not installed: pip install 'nasbench-suite[{extra}]'" if extra else presets
