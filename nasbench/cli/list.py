"""List everything that has a name, by kind.

Without KIND: how many there are of each. PATTERN selects by name or summary.
"""

import importlib.util
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.cli._show import print_json, print_table
from nasbench.errors import make_unknown_name

if TYPE_CHECKING:
    from nasbench.cli._catalogue import CatalogueEntry

_REPORT = ("matplotlib",)


def command(
    kind: Annotated[str, typer.Argument(help="What to list, for example strategies. Default: all kinds.")] = "",
    pattern: Annotated[
        str, typer.Argument(help="Text that a name or summary contains, or a name with wildcards.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List kinds, or the names of one kind with their summaries. Imports no component and opens no table."""
    from nasbench.cli._catalogue import entries_of, kinds, matching

    if kind and kind not in kinds():
        raise make_unknown_name("kind", kind, kinds())
    found = {name: entries_of(name) for name in ([kind] if kind else kinds())}
    if pattern:
        found = {name: matching(entries, pattern) for name, entries in found.items()}
    if as_json:
        print_json(_as_data(found))
    elif kind:
        _print_kind(kind, found[kind])
    else:
        _print_overview(found)


def _as_data(found: "dict[str, dict[str, CatalogueEntry]]") -> dict[str, Any]:
    """Return names by kind as plain data; entries that must be imported first are separate."""
    data: dict[str, Any] = {}
    for kind, entries in found.items():
        if kind in ("tasks", "tables"):
            data[kind] = {name: entry.summary for name, entry in entries.items() if not entry.needs_import}
            data[f"absent_{kind}"] = {name: entry.needs_import for name, entry in entries.items() if entry.needs_import}
        else:
            data[kind] = {name: _plain(entry) for name, entry in entries.items()}
    return data


def _plain(entry: "CatalogueEntry") -> dict[str, Any]:
    return {key: value for key, value in asdict(entry).items() if key != "needs_import"}


def _print_overview(found: "dict[str, dict[str, CatalogueEntry]]") -> None:
    from nasbench.cli._catalogue import TITLES

    rows = []
    for kind, entries in found.items():
        ready = sum(entry.is_ready for entry in entries.values())
        after = "import" if kind in ("tasks", "tables") else "pip install"
        more = f"{len(entries) - ready} after {after}" if ready < len(entries) else ""
        rows.append((kind, str(ready), more, TITLES.get(kind, "")))
    print_table("What has a name", ("kind", "ready", "more", "what"), rows)
    if missing := [module for module in _REPORT if importlib.util.find_spec(module) is None]:
        print(f"plots and tests need {', '.join(missing)}: pip install 'nasbench-suite[report]'")
    print("nasbench list KIND [PATTERN]   for example: nasbench list strategies bayes")
    print("nasbench info NAME             the manual page of anything listed")
    print("nasbench compare --help        how to run a comparison")


def _print_kind(kind: str, entries: "dict[str, CatalogueEntry]") -> None:
    ready = {name: entry for name, entry in entries.items() if not entry.needs_import}
    if ready:
        print_table(kind.capitalize(), ("name", "what"), [(name, entry.text) for name, entry in ready.items()])
    if absent := {name: entry.needs_import for name, entry in entries.items() if entry.needs_import}:
        print("Available after import:")
        for names, how in _grouped(absent):
            print(f"  {names}\n    {how}")
    if not entries:
        print(f"no {kind} found")


def _grouped(entries: dict[str, str]) -> list[tuple[str, str]]:
    """Group names that share a text on one line, showing the first three."""
    names: dict[str, list[str]] = {}
    for name, text in entries.items():
        names.setdefault(text, []).append(name)
    more = {text: f" and {len(those) - 3} more" if len(those) > 3 else "" for text, those in names.items()}
    return [(", ".join(those[:3]) + more[text], text) for text, those in names.items()]
