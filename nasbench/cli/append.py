"""Add measurements to a table; nothing is overwritten.

They may be more seeds, more architectures or more columns. A contradiction is an error.
"""

from pathlib import Path
from typing import Annotated

import typer

from nasbench.cli._show import print_json


def command(
    table: Annotated[str, typer.Argument(help="A table that 'nasbench list tables' shows, or its .h5 file.")],
    file: Annotated[Path, typer.Argument(help="The .h5 file to add, for example from 'nasbench import table'.")],
    name: Annotated[
        str | None, typer.Option(help="Write the result as a new table of this name, in your table folder.")
    ] = None,
    seed_offset: Annotated[int, typer.Option(help="Number added to every seed label of FILE.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check for contradictions, write the table, and note in every column where its values come from."""
    from nasbench.table import Table, append_measurements, find_table

    path = find_table(table)
    before = Table(path)
    n_before, checksum = len(before), before.checksum
    after = append_measurements(path, Table(file), name=name, seed_offset=seed_offset)
    if as_json:
        print_json(
            {
                "table": after.name,
                "file": str(after.path),
                "content_sha256": after.checksum,
                "new_architectures": len(after) - n_before,
                "sources": {place: c.attributes["sources"] for place, c in after.columns.items() if _has(c.attributes)},
            }
        )
        return
    if after.checksum == checksum:
        print(f"{after.path} already holds everything in {file}; nothing changed")
        return
    print(f"{len(after) - n_before:,} new architectures, {len(after):,} in total -> {after.path}")
    for place, column in after.columns.items():
        if _has(column.attributes):
            print(f"{place}: {column.attributes['sources'][-1]}")
    print(f"content sha256 {after.checksum}")


def _has(attributes: dict[str, object]) -> bool:
    return "sources" in attributes
