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
        "Folder of the record; an unfinished one is continued, and another experiment on the same seed and conditions "
        f"is added to it. Default: {folder}, or where another experiment lies there {folder}-2 and so on."
    )


def say_beside(record: "Record | PredictionRecord", out: Path | None, default: str) -> None:
    """Say where a record lies that was given no place, because another experiment has taken the usual one."""
    if out is None and record.path != Path(default):
        print(f"{default} holds another experiment; this one is in {record.path}", file=sys.stderr)


def open_record(path: Path) -> "Record | PredictionRecord":
    """Open a record of strategies, or of predictors.

    Raises:
        RecordError: none there, or a damaged one.
    """
    from nasbench.comparison import Record
    from nasbench.evaluation import PredictionRecord
    from nasbench.records.store import read_spec

    of_predictors = read_spec(path).get("format") == PredictionRecord.format_name
    return PredictionRecord(path) if of_predictors else Record(path)


def board_of(record: "Record | PredictionRecord") -> tuple[Any, Any, Any]:
    """Return the leaderboard of a record, and what writes it and its plots into a folder."""
    room = "evaluation" if record.contestant_kind == "predictors" else "comparison"
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


def verdict_on(path: Path, **options: Any) -> Any:
    """Verify the record at ``path``; options as for its kind's ``verify``."""
    record = open_record(path)
    if record.contestant_kind == "predictors":
        from nasbench.evaluation.verify import verify
    else:
        from nasbench.comparison.verify import verify  # type: ignore[assignment]
    return verify(record, **options)  # type: ignore[arg-type]
