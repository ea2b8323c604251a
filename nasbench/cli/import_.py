"""Import a public benchmark, or a table of your own.

If interrupted, rerun the same command to resume.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nasbench.cli._show import ProgressBar, or_resume, print_json
from nasbench.errors import InvalidOption
from nasbench.files import quote_word


def command(
    importer: Annotated[
        str,
        typer.Argument(
            help="A name from 'nasbench list importers', with options as in NAME,option=value; "
            "'table' reads any CSV, Parquet or JSON."
        ),
    ],
    source: Annotated[Path, typer.Argument(help="The downloaded file or folder, or your own file.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write. Default: your table folder (in NASBENCH_HOME).")
    ] = None,
    map_: Annotated[
        str | None, typer.Option("--map", help="For 'table': a mapping file, or the name of a built-in mapping.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="For 'table' and histories of other tools: name of the new table.")
    ] = None,
    guess: Annotated[
        bool, typer.Option("--guess", help="For 'table': only draft a mapping, show it and write it to --map.")
    ] = False,
    jobs: Annotated[
        int, typer.Option(help="Number of processes, for importers that read in parts; -1: one per core.")
    ] = -1,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an existing table that has other content.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read, check and write; the same source gives the same checksum."""
    from nasbench.choices import Choice
    from nasbench.registry import IMPORTERS

    if out is not None and out.suffix != ".h5":
        raise InvalidOption(f"--out {out}: a table file ends with .h5")
    given = {key: value for key, value in (("map", map_), ("name", name)) if value is not None}
    chosen = Choice.parse(importer)
    component, options = Choice(chosen.name, chosen.preset, {**chosen.options, **given}).resolve(IMPORTERS)
    reader = component(**options)
    if guess:
        _guess(reader, importer, source, Path(map_ or f"{source.name.partition('.')[0]}.map.toml"), as_json)
    else:
        _import(reader, source, out, jobs, replace, as_json)


def _guess(reader: Any, importer: str, source: Path, path: Path, as_json: bool) -> None:
    from nasbench.files import write_text

    if not hasattr(reader, "guess"):
        raise InvalidOption(f"importer '{importer}' needs no mapping and takes no --guess")
    if path.exists() or path.suffix != ".toml":
        raise InvalidOption(f"{path} exists or does not end with .toml; give another file to write by --map")
    text, preview = reader.guess(source)
    _print_remarks(reader)
    write_text(path, text)
    if as_json:
        print_json({"mapping": str(path), "preview": preview.splitlines()})
        return
    again = f"nasbench import {importer} {quote_word(source)} --map {quote_word(path)}"
    print(f"{preview}\n-> {path}; check and complete it, then: {again}")


def _import(reader: Any, source: Path, out: Path | None, jobs: int, replace: bool, as_json: bool) -> None:
    from nasbench.importers import import_source

    with ProgressBar("parts", quiet=as_json) as progress, or_resume():
        table = import_source(reader, source, out, n_jobs=jobs, replace=replace, on_progress=progress)
    _print_remarks(reader)
    if as_json:
        print_json({"table": table.name, "file": str(table.path), "content_sha256": table.checksum})
        return
    print(
        f"{table.title}\n{len(table):,} architectures, {len(table.measurements)} measured columns, "
        f"{len(table.statics)} static ones -> {table.path} ({table.path.stat().st_size / 1e6:.1f} MB)\n"
        f"content sha256 {table.checksum}"
    )


def _print_remarks(reader: Any) -> None:
    """Print the reader's remarks on standard error."""
    for remark in getattr(reader, "remarks", ()):
        print(f"note: {remark}", file=sys.stderr)
