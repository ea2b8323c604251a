"""Import a public benchmark, or a table of your own.

If interrupted, rerun the same command to resume.
"""

import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.cli._show import ProgressBar, or_resume, print_json
from nasbench.errors import InvalidOption, NasbenchError
from nasbench.files import quote_word

if TYPE_CHECKING:
    from nasbench.table import Table
    from nasbench.tasks import TableTask

_OWN = "For 'table': "


def command(
    importer: Annotated[
        str, typer.Argument(help="A name from 'nasbench list importers'; 'table' reads any CSV, Parquet or JSON.")
    ],
    source: Annotated[Path, typer.Argument(help="The downloaded file or folder, or your own file.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write. Default: your table folder (in NASBENCH_HOME).")
    ] = None,
    map_: Annotated[
        str | None, typer.Option("--map", help=f"{_OWN}a mapping file, or the name of a built-in mapping.")
    ] = None,
    name: Annotated[str | None, typer.Option(help=f"{_OWN}name of the new table and task.")] = None,
    guess: Annotated[
        bool, typer.Option("--guess", help=f"{_OWN}only draft a mapping, show it and write it to --map.")
    ] = False,
    skip_unreadable: Annotated[
        bool,
        typer.Option("--skip-unreadable", help=f"{_OWN}leave out rows that cannot be read, and count them."),
    ] = False,
    decisions: Annotated[
        str, typer.Option(help=f"{_OWN}columns that a search chooses, such as depth,lr; all else is guessed.")
    ] = "",
    score: Annotated[str, typer.Option(help=f"{_OWN}column that a search observes.")] = "",
    cost: Annotated[str, typer.Option(help=f"{_OWN}column of the seconds of a training.")] = "",
    seed: Annotated[str, typer.Option(help="With --decisions: column that labels repeated trainings.")] = "",
    test: Annotated[str, typer.Option(help="With --decisions: column that is reported and no search sees.")] = "",
    direction: Annotated[str, typer.Option(help="With --decisions: maximize or minimize the score.")] = "",
    jobs: Annotated[
        int, typer.Option(help="Number of processes, for importers that read in parts; -1: one per core.")
    ] = -1,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace an existing table or task that has other content.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read, check and write; the same source gives the same checksum. A table of your own becomes a task, too."""
    from nasbench.choices import Choice
    from nasbench.registry import IMPORTERS

    if out is not None and out.suffix != ".h5":
        raise InvalidOption(f"--out {out}: a table file ends with .h5")
    further = {"seed": seed, "test": test, "direction": direction}
    if decisions:
        if importer != "table" or map_ is not None or guess or skip_unreadable or not score:
            raise InvalidOption(
                "--decisions is for importer 'table', with --score, and without --map and --guess; --skip-unreadable "
                "needs a mapping"
            )
        named = [column.strip() for column in decisions.split(",")]
        columns = {"score": score, "cost": cost or 1.0, **further}
        _import_trainings(source, named, columns, name or "", out, replace=replace, as_json=as_json)
        return
    if surplus := [option for option, value in further.items() if value]:
        raise InvalidOption(f"--{surplus[0]} needs --decisions and --score; a mapping says the same by itself")
    own = {"score": score, "cost": cost}
    given: dict[str, Any] = {key: value for key, value in (("map", map_), ("name", name)) if value is not None}
    given |= {"skip_unreadable": True} if skip_unreadable else {}
    component, options = Choice(importer, options=given).resolve(IMPORTERS)
    reader = component(**options)
    drafts = hasattr(reader, "guess")
    if guess or (drafts and map_ is None):
        path = Path(map_ or f"{source.absolute().name.partition('.')[0]}.map.toml")
        if _guess(reader, importer, source, path, only=guess, as_json=as_json):
            return
        reader = component(**options | {"map": str(path)})
    _import(reader, source, out, jobs, own, replace, as_json)


def _import_trainings(
    source: Path,
    named: list[str],
    columns: dict[str, Any],
    name: str,
    out: Path | None,
    *,
    replace: bool,
    as_json: bool,
) -> None:
    """Make a table and a task of a file whose columns are named by options."""
    from nasbench.frames.files import import_trainings
    from nasbench.importers import TrainingColumns

    asked = TrainingColumns(decisions=dict.fromkeys(named), **columns)
    task = import_trainings(source, asked, name, path=out, replace=replace)
    _print_task(task.table, task, as_json=as_json, text=str(task))


def _guess(reader: Any, importer: str, source: Path, path: Path, *, only: bool, as_json: bool) -> bool:
    """Draft a mapping and write it to ``path``; return whether the command ends here, since a question remains."""
    from nasbench.files import write_text

    if not hasattr(reader, "guess"):
        raise InvalidOption(f"importer '{importer}' needs no mapping and takes no --guess")
    if path.suffix != ".toml" or (only and path.exists()):
        raise InvalidOption(f"{path} exists or does not end with .toml; give another file to write by --map")
    text, preview = reader.guess(source)
    _print_remarks(reader)
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise InvalidOption(
            f"{path} exists: import by it with --map {quote_word(path)}, or remove it to have the file guessed again"
        )
    write_text(path, text)
    left = "" if only else _find_open_question(path)
    if not only and not left:
        if not as_json:
            print(f"{preview}\n-> {path}")
        return False
    if as_json:
        print_json({"mapping": str(path), "preview": preview.splitlines()})
    else:
        _print_next(importer, source, path, preview, left)
    if left:
        raise typer.Exit(1)
    return True


def _find_open_question(path: Path) -> str:
    """Return why a mapping cannot be used yet; empty if it can."""
    from nasbench.importers.table import check_mapping

    try:
        check_mapping(path)
    except NasbenchError as error:
        return str(error)
    return ""


def _print_next(importer: str, source: Path, path: Path, preview: str, left: str) -> None:
    """Print a draft of a mapping and the commands that go on from it."""
    again = f"nasbench import {importer} {quote_word(source)}"
    print(f"{preview}\n-> {path}; check and complete it, then: {again} --map {quote_word(path)}")
    print(f"or name the columns: {again} {_suggest_columns(path)}")
    if left:
        print(f"nothing is imported yet: {left}", file=sys.stderr)


def _suggest_columns(path: Path) -> str:
    """Return the options that name the columns of a drafted mapping, as far as it knows them."""
    drafted = tomllib.loads(path.read_text(encoding="utf-8"))
    given = drafted["architecture"].get("columns", ["COLUMN", "COLUMN"])
    measured = [entry for entry in drafted.get("measurement", []) if "{" not in entry["column"]]
    scores = [entry["column"] for entry in measured if entry["unit"] != "s"] or ["COLUMN"]
    costs = [own["column"] for own in (*measured, *drafted.get("static", [])) if own["metric"] == "train_s"]
    words = ["--decisions", ",".join(given.values() if isinstance(given, dict) else given), "--score", scores[0]]
    words += ["--cost", costs[0]] if costs else []
    return " ".join(map(quote_word, words))


def _import(
    reader: Any, source: Path, out: Path | None, jobs: int, own: dict[str, str], replace: bool, as_json: bool
) -> None:
    from nasbench.importers import import_source

    with ProgressBar("parts", quiet=as_json) as progress, or_resume():
        table = import_source(reader, source, out, n_jobs=jobs, replace=replace, on_progress=progress)
    _print_remarks(reader)
    wanted = getattr(reader, "writes_task", not getattr(reader, "table", ""))  # no benchmark's: the user's own
    task = _write_task(reader, table, own, replace=replace) if wanted else None
    text = (
        f"{table.title}\n{len(table):,} architectures, {len(table.measurements)} measured columns, "
        f"{len(table.statics)} static ones -> {table.path} ({table.path.stat().st_size / 1e6:.1f} MB)\n"
        f"content sha256 {table.checksum}"
    )
    _print_task(table, task, as_json=as_json, text=text)


def _write_task(reader: Any, table: "Table", own: dict[str, str], *, replace: bool) -> "TableTask | None":
    """Write a task for the user's own table; None, with the reason on standard error, if something is undecided."""
    from nasbench.frames.files import write_task_of_table

    try:
        return write_task_of_table(table, reader, **own, replace=replace)
    except NasbenchError as error:
        print(f"note: the table is written, but no task: {error}", file=sys.stderr)
        return None


def _print_task(table: "Table", task: "TableTask | None", *, as_json: bool, text: str) -> None:
    """Print what was written, and the commands that use it."""
    if as_json:
        named = {"task": task.name} if task else {}
        print_json({"table": table.name, "file": str(table.path), "content_sha256": table.checksum, **named})
        return
    print(text)
    if task:
        word = quote_word(task.name)
        print(f"next: nasbench compare --task {word} --strategy auto --strategy random_search")
        print(f"      nasbench info {word}")


def _print_remarks(reader: Any) -> None:
    """Print the reader's remarks on standard error."""
    for remark in getattr(reader, "remarks", ()):
        print(f"note: {remark}", file=sys.stderr)
