"""List tasks, strategies, predictors, encodings, spaces, importers and tables; also what is not installed."""

import importlib.util
from typing import Annotated, Any

import typer

from nasbench.cli._show import print_json, print_table

_REPORT = ("matplotlib", "scikit_posthocs")


def command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show everything that has a name; imports no component and opens no table."""
    from nasbench.registry import ENCODINGS, IMPORTERS, PREDICTORS, SPACES, STRATEGIES
    from nasbench.table import table_names
    from nasbench.tasks._declarations import absent_tasks, task_names

    registries = (STRATEGIES, PREDICTORS, ENCODINGS, SPACES, IMPORTERS)
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
    if as_json:
        print_json({"tasks": task_names(), "absent_tasks": absent_tasks(), **listed})
        return
    print_table("Tasks", ("name", "what"), list(task_names().items()))
    print_table("Tables", ("name", "file"), [(name, str(path)) for name, path in table_names().items()])
    if absent := absent_tasks():
        print_table("Known tasks whose table is not imported yet", ("name", "how to get it"), list(absent.items()))
    for kind, entries in listed.items():
        if rows := [(name, str(entry["summary"]), _more(entry)) for name, entry in entries.items()]:
            print_table(kind.capitalize(), ("name", "what", ""), rows)
        else:
            print(f"{kind.capitalize()}: none in this release\n")
    missing = [module for module in _REPORT if importlib.util.find_spec(module) is None]
    if missing:
        print(f"Plots and tests need {', '.join(missing)}: pip install 'nasbench-suite[report]'\n")
    print("More: nasbench info NAME, nasbench compare --help, nasbench predict --help")


def _more(entry: dict[str, Any]) -> str:
    presets = f"presets: {', '.join(entry['presets'])}" if entry["presets"] else ""
    extra = entry["missing_extra"]
    return f"not installed: pip install 'nasbench-suite[{extra}]'" if extra else presets
