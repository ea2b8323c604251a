"""Help texts and leaderboards for records of either kind, searches or predictors."""

import contextlib
import importlib
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.errors import FailedRunsWarning, InvalidOption, MissingExtra

if TYPE_CHECKING:
    from nasbench.comparison import Record
    from nasbench.evaluation import PredictionRecord


def out_help(folder: str) -> str:
    """Return the help text of ``--out`` with the default ``folder``."""
    return (
        "Folder of the record. An unfinished record is resumed; other tasks or strategies with the same seed and "
        f"conditions are added to it. Default: {folder}, or {folder}-2 and so on if another experiment lies there."
    )


METRIC_HELP = "A further metric to show: NAME[,option=value...] or module:Class; repeat the option for several."
TEST_HELP = (
    "Test over tasks behind p-values and tiers: nemenyi; or max_t, which may find more differences and "
    "is approximate where differences between tasks are skewed. Default: nemenyi."
)
PLOT_HELP = "A further plot to draw: module:Class or module:function; repeat the option for several."


def unwarned_of_failures() -> "warnings.catch_warnings[None]":
    """Return a context without the warning of failed runs, for commands that list them below the leaderboard."""
    return warnings.catch_warnings(action="ignore", category=FailedRunsWarning)


def say_beside(record: "Record | PredictionRecord", out: Path | None, default: str) -> None:
    """Print the folder of a record without ``--out`` if another experiment has taken the default folder."""
    if out is None and record.path != Path(default):
        print(f"{default} holds another experiment; this one is in {record.path}", file=sys.stderr)


def choose_test(name: str) -> str:
    """Return the name of the test over tasks; the usual one for an empty name.

    Raises:
        UnknownName: there is no such test.
    """
    from nasbench.statistics.over_tasks import DEFAULT_TEST, check_test

    return check_test(name or DEFAULT_TEST)


def check_shown(metrics: Sequence[str], plots: Sequence[str]) -> None:
    """Check that further metrics and plots of searches exist, before anything runs.

    Raises:
        UnknownName, InvalidOption: one does not.
    """
    if metrics:
        from nasbench.metrics import make_metrics

        make_metrics(metrics)
    if plots:
        from nasbench.comparison.plots import resolve_plot

        for label in plots:
            with contextlib.suppress(MissingExtra):  # then the record is made, and a line says how to draw it
                resolve_plot(label)


def board_of(
    record: "Record | PredictionRecord",
    metrics: Sequence[str] = (),
    plots: Sequence[str] = (),
    test: str = "",
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Any, Any, Any]:
    """Return the leaderboard of a record, and functions that write it and its plots into a folder.

    Args:
        record: record of either kind.
        metrics: labels of further metrics to show, for searches.
        plots: labels of further plots to draw, for searches.
        test: name of the test over tasks; empty for the usual one.
        on_progress: is called with the number of tasks that are read, and of all tasks, for searches.

    Raises:
        InvalidOption: metrics or plots are given for a record of predictors.
        UnknownName: there is no such test, metric or plot.
    """
    from nasbench.reports.display import write_leaderboard

    chosen = choose_test(test)
    room = "evaluation" if record.contestant_kind == "predictors" else "comparison"
    _analysis, _leaderboard, _plots = (
        importlib.import_module(f"nasbench.{room}.{name}") for name in ("analysis", "leaderboard", "plots")
    )
    if room == "evaluation":
        if metrics or plots:
            raise InvalidOption(f"{record.path} compares predictors; --metric and --plot are for records of searches")
        analysis = _analysis.analyse(record)
        board = _leaderboard.leaderboard(analysis, chosen)
        draw = _plots.write_plots
    else:
        check_shown((), plots)
        analysis = _analysis.analyse(record, metrics, on_progress)
        board = _leaderboard.leaderboard(analysis, metrics, chosen)
        draw = partial(_plots.write_plots, plots=plots)
    return (
        board,
        lambda folder: write_leaderboard(board, folder),
        lambda folder: draw(analysis, folder),
    )
