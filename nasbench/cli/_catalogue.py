"""The catalogue of all named things, by kind; reading it imports no component and opens no table."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from nasbench import registry
from nasbench.registry import Registry

_PACKAGE = Path(__file__).parent.parent

TITLES = {
    "tasks": "benchmarks: compare --task NAME",
    "strategies": "searches: compare --strategy NAME",
    "predictors": "of performance: predict --predictor NAME",
    "spaces": "sets of architectures: build NAME",
    "encodings": "features of architectures",
    "proxies": "zero-cost scores: proxies --proxies NAME",
    "networks": "torch modules: train --network NAME",
    "datasets": "labelled images: train --data NAME",
    "recipes": "training schedules: train --recipe NAME",
    "importers": "public benchmarks: import NAME FILE",
    "tables": "measurements on this machine",
    "acquisitions": "criteria to rank candidates",
    "metrics": "numbers per run: compare --metric NAME",
    "plots": "pictures: compare --plot NAME",
    "published": "paper tables: reproduce run NAME",
}
"""Kind -> what its entries are, and the command that takes them; short, to fit a terminal of 80 columns."""


@dataclass(frozen=True)
class CatalogueEntry:
    """What a list shows of a name.

    Attributes:
        summary: one line.
        presets: names of the component's presets.
        missing_extra: extra to install first; None if the component is ready.
        needs_import: how to get a missing table; empty if the task or table is ready.
    """

    summary: str
    presets: tuple[str, ...] = ()
    missing_extra: str | None = None
    needs_import: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether the entry can be used now."""
        return self.missing_extra is None and not self.needs_import

    @property
    def text(self) -> str:
        """The summary, followed by the presets or by what to install first."""
        summary = self.summary.replace("``", "`")
        if self.missing_extra:
            return f"{summary} [pip install 'nasbench-suite[{self.missing_extra}]']"
        if self.presets:
            return f"{summary} [presets: {', '.join(self.presets)}]"
        return summary


def registries() -> dict[str, Registry]:
    """Return all registries of components by kind."""
    return {found.kind: found for found in vars(registry).values() if isinstance(found, Registry)}


def kinds() -> list[str]:
    """Return all kinds: first those with a title, in the order of the titles."""
    return list(dict.fromkeys([*TITLES, *registries()]))


def entries_of(kind: str) -> dict[str, CatalogueEntry]:
    """Return all entries of one of the ``kinds``, by name."""
    if found := registries().get(kind):
        return {
            name: CatalogueEntry(found.summary(name), tuple(found.presets(name)), found.missing_extra(name))
            for name in found.names()
        }
    readers = {"tasks": _tasks, "tables": _tables, "recipes": _recipes, "published": _published}
    return readers[kind]()


def matching(entries: dict[str, CatalogueEntry], pattern: str) -> dict[str, CatalogueEntry]:
    """Return the entries whose name matches a wildcard pattern, or whose name or summary contains the pattern."""
    if any(letter in pattern for letter in "*?["):
        return {name: entry for name, entry in entries.items() if fnmatch(name.lower(), pattern.lower())}
    text = pattern.lower()
    return {name: entry for name, entry in entries.items() if text in name.lower() or text in entry.summary.lower()}


def _tasks() -> dict[str, CatalogueEntry]:
    from nasbench.tasks.declarations import absent_tasks, shipped_declarations, task_names

    ready = {name: CatalogueEntry(title) for name, title in task_names().items()}
    titles = {name: str(values.get("title", "")) for name, values in shipped_declarations().items()}
    absent = absent_tasks().items()
    return ready | {name: CatalogueEntry(titles.get(name, ""), needs_import=how) for name, how in absent}


def _tables() -> dict[str, CatalogueEntry]:
    from nasbench.table import list_tables
    from nasbench.tasks.known_tables import absent_tables

    ready = {name: CatalogueEntry(str(path)) for name, path in list_tables().items()}
    return ready | {name: CatalogueEntry("", needs_import=how) for name, how in absent_tables().items()}


def _recipes() -> dict[str, CatalogueEntry]:
    return dict(_titled((_PACKAGE / "training/recipes").glob("*.toml")))


def _published() -> dict[str, CatalogueEntry]:
    return dict(_titled((_PACKAGE / "reproduction/published").glob("*.toml")))


def _titled(paths: Iterable[Path]) -> Iterable[tuple[str, CatalogueEntry]]:
    """Yield the name and the entry of files that have a ``title``."""
    for path in sorted(paths):
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        yield path.stem, CatalogueEntry(str(content["title"]))
