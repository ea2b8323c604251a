"""Print a record's leaderboard; write it and the plots."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from nasbench.cli._records import METRIC_HELP, PLOT_HELP, TEST_HELP
from nasbench.cli._show import print_text
from nasbench.errors import MissingExtra
from nasbench.files import quote_word

if TYPE_CHECKING:
    from nasbench.comparison import Record
    from nasbench.evaluation import PredictionRecord


def command(
    record: Annotated[Path, typer.Argument(help="Folder written by 'nasbench compare' or 'nasbench predict'.")],
    style: Annotated[str, typer.Option("--format", help="text, markdown, latex, html, csv or json.")] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    metric: Annotated[list[str] | None, typer.Option(help=METRIC_HELP)] = None,
    plot: Annotated[list[str] | None, typer.Option(help=PLOT_HELP)] = None,
    test: Annotated[str, typer.Option(help=TEST_HELP)] = "",
) -> None:
    """Compute everything again from the recorded trials."""
    from nasbench.record_kinds import open_record

    style = "json" if as_json else style
    report(open_record(record), style=style, metrics=metric or [], plots=plot or [], test=test)


def report(
    record: "Record | PredictionRecord",
    *,
    style: str = "text",
    metrics: Sequence[str] = (),
    plots: Sequence[str] = (),
    test: str = "",
) -> None:
    """Print the leaderboard, write all its formats and the plots into the record's folder, and print the files.

    Raises:
        Exit: with code 1 if runs failed.
    """
    from nasbench.cli._records import board_of
    from nasbench.records.failures import failures, write_tracebacks

    board, write_board, write_plots = board_of(record, metrics, plots, test)
    text = board.render(style)
    if style == "text":
        print_text(text)
    else:
        print(text, end="")
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
        print(f"leaderboard and plots could not be written into {record.path}: {error}", file=sys.stderr)
    _say_where(record, files, sys.stdout if style == "text" else sys.stderr)
    if failed:
        raise typer.Exit(1)


def _say_where(record: "Record | PredictionRecord", files: list[Path], stream: TextIO) -> None:
    folders: dict[Path, list[str]] = {}
    for path in files:
        folders.setdefault(path.parent, []).append(path.name)
    for folder, names in folders.items():
        print(f"{folder}/  {', '.join(names)}", file=stream)
    print(f"verify with: nasbench verify {quote_word(record.path)}", file=stream)
