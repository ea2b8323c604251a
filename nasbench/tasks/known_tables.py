"""Public benchmarks that the suite can import, and where to get those that are not imported yet."""

import tomllib
from pathlib import Path

from nasbench.registry import IMPORTERS
from nasbench.table import list_tables

_MAPS = Path(__file__).parent.parent / "importers/maps"


def absent_tables() -> dict[str, str]:
    """Return the known tables that are not imported, with how to get each, without loading importers or tables."""
    known = {
        str(IMPORTERS.literal(name, "table")): f"{IMPORTERS.literal(name, 'where')}; then: nasbench import {name} PATH"
        for name in IMPORTERS.names()
        if IMPORTERS.literal(name, "table")
    }
    for path in sorted(_MAPS.glob("*.toml")):
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        file = f"{given['file']} of " if "file" in given else ""
        known[given["name"]] = f"get {file}{given['source']}; then: nasbench import table PATH --map {path.stem}"
    return {table: how for table, how in known.items() if table not in list_tables()}
