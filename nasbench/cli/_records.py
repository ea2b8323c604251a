"""Records of either kind, by what their specification says they are."""

import importlib
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.errors import InvalidOption

if TYPE_CHECKING:
    from nasbench.comparison import Record
    from nasbench.evaluation import PredictionRecord


def out_help(folder: str) -> str:
    """Return the help of ``--out`` whose default is ``folder``."""
    return (
        "Folder of the record. An unfinished record is resumed; other tasks or strategies with the same seed and "
        f"conditions are added to it. Default: {folder}, or {folder}-2 and so on if another experiment lies there."
    )


METRIC_HELP = "A metric to show besides the usual ones: NAME[,option=value...] or module:Class; may be repeated."
PLOT_HELP = "A picture to draw besides the usual ones: module:Class or module:function; may be repeated."


def say_beside(record: "Record | PredictionRecord", out: Path | None, default: str) -> None:
    """Say where a record without ``--out`` lies if another experiment has taken the default folder."""
    if out is None and record.path != Path(default):
        print(f"{default} holds another experiment; this one is in {record.path}", file=sys.stderr)


def board_of(
    record: "Record | PredictionRecord", metrics: Sequence[str] = (), plots: Sequence[str] = ()
) -> tuple[Any, Any, Any]:
    """Return the leaderboard of a record, and what writes it and its plots into a folder.

    Args:
        record: of either kind.
        metrics: labels of metrics of searches that the leaderboard shows besides the usual ones.
        plots: labels of pictures of searches that are drawn besides those that are registered.

    Raises:
        InvalidOption: metrics or plots of searches for a record of predictors.
    """
    room = "evaluation" if record.contestant_kind == "predictors" else "comparison"
    _analysis, _leaderboard, _plots = (
        importlib.import_module(f"nasbench.{room}.{name}") for name in ("analysis", "leaderboard", "plots")
    )
    if room == "evaluation":
        if metrics or plots:
            raise InvalidOption(f"{record.path} compares predictors; --metric and --plot are for records of searches")
        analysis = _analysis.analyse(record)
        board = _leaderboard.leaderboard(analysis)
        draw = _plots.write_plots
    else:
        analysis = _analysis.analyse(record, metrics)
        board = _leaderboard.leaderboard(analysis, metrics)
        draw = partial(_plots.write_plots, plots=plots)
    return (
        board,
        lambda folder: _leaderboard.write_leaderboard(board, folder),
        lambda folder: draw(analysis, folder),
    )
