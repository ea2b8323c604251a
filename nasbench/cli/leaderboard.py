"""Print and write the leaderboard and the plots of a record."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from nasbench.errors import MissingExtra
from nasbench.files import quoted

if TYPE_CHECKING:
    from nasbench.comparison import Record
    from nasbench.evaluation import PredictionRecord


def command(
    record: Annotated[Path, typer.Argument(help="A record, of 'nasbench compare' or 'nasbench predict'.")],
    style: Annotated[str, typer.Option("--format", help="text, markdown, latex, csv or json.")] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Compute everything from the recorded trials again."""
    from nasbench.cli._records import open_record

    report(open_record(record), style="json" if as_json else style)


def report(record: "Record | PredictionRecord", *, style: str = "text") -> None:
    """Print the leaderboard, write all its formats and the plots beside the record, and say where.

    Raises:
        Exit: with code 1 if runs failed.
    """
    from nasbench.cli._records import board_of
    from nasbench.records.failures import failures, write_tracebacks

    board, write_board, write_plots = board_of(record)
    print(board.render(style), end="")
    failed = failures(record)
    for pair in failed:
        print(f"warning: {pair}", file=sys.stderr)
    files: list[Path] = []
    try:
        if failed:
            print(f"tracebacks are in {write_tracebacks(record, record.path / 'tracebacks.txt')}", file=sys.stderr)
        files += write_board(record.path)
        files += write_plots(record.path / "plots")
    except MissingExtra as missing:
        print(f"no plots: {missing}", file=sys.stderr)
    except OSError as error:
        print(f"leaderboard and plots are not written into {record.path}: {error}", file=sys.stderr)
    _say_where(record, files, sys.stdout if style == "text" else sys.stderr)
    if failed:
        raise typer.Exit(1)


def _say_where(record: "Record | PredictionRecord", files: list[Path], stream: TextIO) -> None:
    folders: dict[Path, list[str]] = {}
    for path in files:
        folders.setdefault(path.parent, []).append(path.name)
    for folder, names in folders.items():
        print(f"{folder}/  {', '.join(names)}", file=stream)
    print(f"verify with: nasbench verify {quoted(record.path)}", file=stream)
