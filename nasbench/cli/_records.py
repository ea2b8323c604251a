"""Records of either kind, by what their specification says they are."""

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench.comparison import Record
    from nasbench.evaluation import PredictionRecord


def out_help(folder: str) -> str:
    """Return the help of ``--out`` whose default is ``folder``."""
    return (
        "Folder of the record. An unfinished record is resumed; other tasks or strategies with the same seed and "
        f"conditions are added to it. Default: {folder}, or {folder}-2 and so on if another experiment lies there."
    )


def say_beside(record: "Record | PredictionRecord", out: Path | None, default: str) -> None:
    """Say where a record without ``--out`` lies if another experiment has taken the default folder."""
    if out is None and record.path != Path(default):
        print(f"{default} holds another experiment; this one is in {record.path}", file=sys.stderr)


def board_of(record: "Record | PredictionRecord") -> tuple[Any, Any, Any]:
    """Return the leaderboard of a record, and what writes it and its plots into a folder."""
    room = "evaluation" if record.what == "predictors" else "comparison"
    _analysis, _leaderboard, _plots = (
        importlib.import_module(f"nasbench.{room}.{name}") for name in ("analysis", "leaderboard", "plots")
    )
    analysis = _analysis.analyse(record)
    board = _leaderboard.leaderboard(analysis)
    return (
        board,
        lambda folder: _leaderboard.write_leaderboard(board, folder),
        lambda folder: _plots.write_plots(analysis, folder),
    )
