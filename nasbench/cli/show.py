"""Show the best architectures of a record, or any architecture: as text, picture or Python.

The best architecture is chosen by what the runs observed; reported values, such as those of a test split, never choose.
"""

import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from nasbench.cli._show import print_json
from nasbench.errors import InvalidOption, make_unknown_name

if TYPE_CHECKING:
    from nasbench.arrays import Archs
    from nasbench.comparison import Record
    from nasbench.spaces import SearchSpace

_WIDTH = 80


class _Shown(NamedTuple):
    """An architecture to show: plain data, space, row, how to open its task, what is known of it, and a file name."""

    row: dict[str, Any]
    space: "SearchSpace"
    arch: "Archs"
    opening: str
    told: Mapping[str, str]
    file: str


def command(
    source: Annotated[str, typer.Argument(help="Folder written by 'nasbench compare', or the name of a task.")],
    architectures: Annotated[
        list[str] | None, typer.Argument(help="For a task: strings, or #N for the benchmark's own number.")
    ] = None,
    task: Annotated[list[str] | None, typer.Option(help="Only this task; repeat the option for several.")] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(help="The best of this strategy rather than of all; repeat the option for several."),
    ] = None,
    run: Annotated[int | None, typer.Option(help="Only what runs with this number found.")] = None,
    draw: Annotated[
        Path | None,
        typer.Option(help="Draw the graph into this file (.png, .svg, .pdf ...); of several, into a file each."),
    ] = None,
    code: Annotated[bool, typer.Option("--code", help="Print the Python that builds the architecture again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the best architecture of each task with its values, or the given architectures of a task."""
    from nasbench.records.store import is_record

    if is_record(Path(source).expanduser()):
        if architectures:
            raise InvalidOption(f"{source} is a record; architectures can be given for a task, not for a record")
        shown = _find_best(source, task or [], strategy or [], run)
    elif Path(source).is_dir() or not architectures:
        raise InvalidOption(
            f"'{source}' is not a record of 'nasbench compare'; expected the folder of one, or the name of a task "
            "followed by architectures"
        )
    elif task or strategy or run is not None:
        raise InvalidOption("--task, --strategy and --run choose among the runs of a record; this is a task")
    else:
        shown = _read_given(source, architectures)
    if draw is not None:
        _draw(shown, draw)
    _print(shown, code=code, as_json=as_json)


def _find_best(source: str, tasks: Sequence[str], strategies: Sequence[str], run: int | None) -> list[_Shown]:
    """Return the best architecture of each task, or of each task and given strategy.

    Raises:
        UnknownName: the record lacks a task or strategy.
        InvalidOption: it is a record of predictors, or no run found an architecture.
    """
    from nasbench.comparison import Record
    from nasbench.record_kinds import open_record

    record = open_record(source)
    if not isinstance(record, Record):
        raise InvalidOption(f"{source} compares predictors; only searches find architectures")
    for kind, given, known in (("task", tasks, record.tasks), ("strategy", strategies, record.strategies)):
        for name in given:
            if name not in known:
                raise make_unknown_name(f"{kind} of the record", name, known)
    if run is not None and run not in record.all_keys():
        raise InvalidOption(f"--run {run}; the record has runs 0 to {record.spec['runs'] - 1}")
    shown = [
        one
        for name in tasks or record.tasks
        for label in strategies or [""]
        if (one := _find_best_of(record, name, label, run))
    ]
    if not shown:
        raise InvalidOption(f"no finished run in {source} found an architecture for this choice")
    _warn_if_unfinished(record)
    return shown


def _find_best_of(record: "Record", name: str, strategy: str, run: int | None) -> _Shown | None:
    found = record.read_found(name)
    row = found.choose_best(strategy, run)
    if row is None:
        return None
    space, opening = record.open_task(name).space, _write_opening(record, name)
    file = record.spec["tasks"][name]["file"] + (f"-{record.spec['strategies'][strategy]['file']}" if strategy else "")
    return _Shown(row, space, found.get_arch(row), opening, _describe(row, found.scales), file)


def _write_opening(record: "Record", name: str) -> str:
    """Return the expression that opens a task of a record."""
    from nasbench.cli._code import write_opening

    return write_opening(name, record.path)


def _warn_if_unfinished(record: "Record") -> None:
    missing = sum(len(record.missing(task, label)) for task in record.tasks for label in record.strategies)
    if missing:
        total = len(record.tasks) * len(record.strategies) * len(record.all_keys())
        print(f"UNFINISHED: {total - missing:,} of {total:,} runs are done", file=sys.stderr)


def _describe(row: Mapping[str, Any], scales: Mapping[str, Any]) -> dict[str, str]:
    """Return what is known of an architecture that was found."""
    from nasbench.comparison.leaderboard_text import describe_observed, describe_reported

    return {
        "observed": f"{describe_observed(row).removeprefix('observed ')}, in run {row['run']} of {row['strategy']}",
        "reported": describe_reported(row, scales),
        "found in": f"{row['found_in']} of {row['runs']} runs ("
        + ", ".join(f"{one['strategy']}: {one['runs']}" for one in row["found_by"])
        + ")",
    }


def _read_given(name: str, architectures: Sequence[str]) -> list[_Shown]:
    """Return the given architectures of a task."""
    from nasbench.cli._code import write_opening
    from nasbench.tasks import load_task

    task = load_task(name)
    archs = task.space.read(list(architectures))
    texts, canonical = task.space.format(archs), task.space.format(task.space.canonicalize(archs))
    shown = []
    for i, (text, same) in enumerate(zip(texts, canonical, strict=True)):
        row = {"task": name, "architecture": text, "canonical": same}
        shown.append(_Shown(row, task.space, archs[i : i + 1], write_opening(name), {}, str(i)))
    return shown


def _print(shown: Sequence[_Shown], *, code: bool, as_json: bool) -> None:
    """Print the architectures as JSON, as Python, or as text in which architectures are never broken."""
    from nasbench.cli._code import write_code
    from nasbench.reports.tables import finite

    codes = [write_code(one.opening, one.space, one.row["architecture"]) for one in shown]
    if as_json:
        print_json([finite(one.row | {"code": text}) for one, text in zip(shown, codes, strict=True)])
        return
    if code:
        print("\n".join(f"# {one.row['task']}\n{text}" for one, text in zip(shown, codes, strict=True)), end="")
        return
    for one in shown:
        print(f"{one.row['task']}\n  {one.row['architecture']}")
        if one.row.get("canonical", one.row["architecture"]) != one.row["architecture"]:
            print(f"canonical form\n  {one.row['canonical']}")
        for title, text in one.told.items():
            print(_fold(title, text))
        print()
    print("picture: --draw FILE.png; Python: --code")


def _fold(title: str, text: str) -> str:
    """Return a titled line, folded at spaces only."""
    indent = " " * 14
    return textwrap.fill(
        f"  {title:<11} {text}", _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _draw(shown: Sequence[_Shown], path: Path) -> None:
    """Draw every architecture into a file; of several, each into one with its own name.

    Raises:
        InvalidOption: the ending names no format of pictures.
        MissingExtra: matplotlib is not installed.
    """
    from nasbench.files import replace_atomically

    for one in shown:
        figure = one.space.draw(one.arch, title=one.row["task"])
        formats = figure.canvas.get_supported_filetypes()
        ending = path.suffix[1:].lower()
        if ending not in formats:
            raise InvalidOption(f"--draw {path}: unknown ending; expected one of .{', .'.join(sorted(formats))}")
        file = path if len(shown) == 1 else path.with_name(f"{path.stem}-{one.file}{path.suffix}")
        file.parent.mkdir(parents=True, exist_ok=True)
        with replace_atomically(file) as temporary:
            figure.savefig(temporary, format=ending, dpi=150)
        print(file, file=sys.stderr)
