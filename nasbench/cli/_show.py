"""Print tables for people and JSON for machines."""

import contextlib
import io
import json
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from nasbench.datasets import Images


def print_json(value: Any) -> None:
    """Print plain data as JSON; nan is an error, because JSON lacks it: use None."""
    print(json.dumps(value, indent=2, allow_nan=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table that fits the terminal; in a pipe or a file, up to 200 columns wide."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")  # nothing is truncated, so that checksums and paths can be copied
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console()
    if console.is_terminal:
        console.print(table)
        console.print()
        return
    console = Console(width=200, file=io.StringIO())
    console.print(table)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    print("\n".join(line.rstrip() for line in lines), end="\n\n")


def print_text(text: str) -> None:
    """Print text with tables; in a terminal, fold it to the width."""
    from nasbench.reports.folding import fold_tables

    if sys.stdout.isatty():
        text = fold_tables(text, shutil.get_terminal_size().columns)
    print(text, end="")


def print_data(images: "Images", *, quiet: bool) -> None:
    """Describe the data on standard error; with ``quiet``, only what was not read from the source."""
    for line in images.described()[quiet:]:
        print(line, file=sys.stderr)


def or_none(value: float) -> float | None:
    """Return None for nan."""
    return None if value != value else value


def milliseconds(latency: Mapping[str, float]) -> str:
    """Format a median latency with its 10 % and 90 % quantiles."""
    median, low, high = (1000 * latency[name] for name in ("median_s", "low_s", "high_s"))
    return f"{median:.3g} ({low:.3g} to {high:.3g})"


@contextlib.contextmanager
def or_resume() -> Iterator[None]:
    """Turn Ctrl-C into one line and exit code 130, and SIGTERM into the same line and 143; child processes end too."""
    told = []

    def stop(number: int, _: object) -> None:
        told.append(number)
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGTERM)
    in_main_thread = threading.current_thread() is threading.main_thread()
    try:
        if in_main_thread:
            signal.signal(signal.SIGTERM, stop)
        yield
    except KeyboardInterrupt:
        print("interrupted; finished work is kept: rerun the same command to resume", file=sys.stderr)
        raise typer.Exit(128 + (told[0] if told else signal.SIGINT)) from None
    finally:
        if in_main_thread:
            signal.signal(signal.SIGTERM, before)


class ProgressBar:
    """A live bar on standard error, or a single final line if standard error is not a terminal.

    Args:
        what: plural noun of the counted items.
        quiet: show nothing.
    """

    def __init__(self, what: str, *, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        console = Console(stderr=True)
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        self._bar = Progress(TextColumn(what), *columns, console=console, disable=quiet or not console.is_terminal)
        self._what, self._line = what, not quiet and not console.is_terminal
        self._task = self._bar.add_task(what, total=None)
        self._done = self._total = 0

    def __enter__(self) -> "ProgressBar":
        """Show the bar."""
        self._bar.start()
        return self

    def __call__(self, done: int, total: int) -> None:
        """Update the progress."""
        self._done, self._total = done, total
        self._bar.update(self._task, completed=done, total=total)

    def __exit__(self, error: object, *_: object) -> None:
        """Remove the bar."""
        self._bar.stop()
        if self._line and error is None and self._total:
            print(f"{self._done} of {self._total} {self._what} done", file=sys.stderr)
