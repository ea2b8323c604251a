"""Records of either kind, by what their specification says they are."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench.evaluation import PredictionRecord
    from nasbench.experiment import Record


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
    from nasbench.evaluation import PredictionRecord
    from nasbench.experiment import Record
    from nasbench.experiment._pairs import read_spec

    of_predictors = read_spec(path).get("format") == PredictionRecord.form[0]
    return PredictionRecord(path) if of_predictors else Record(path)


def board_of(record: "Record | PredictionRecord") -> tuple[Any, Any, Any]:
    """Return the leaderboard of a record, and what writes it and its plots into a folder."""
    if record.what == "predictors":
        from nasbench.evaluation import _analysis, _leaderboard, _plots
    else:
        from nasbench.experiment import _analysis, _leaderboard, _plots  # type: ignore[no-redef]
    analysis = _analysis.analyse(record)  # type: ignore[arg-type]
    board = _leaderboard.leaderboard(analysis)
    return (
        board,
        lambda folder: _leaderboard.write_leaderboard(board, folder),
        lambda folder: _plots.write_plots(analysis, folder),
    )


def verdict_on(path: Path, **options: Any) -> Any:
    """Verify the record at ``path``; options as for its kind's ``verify``."""
    record = open_record(path)
    if record.what == "predictors":
        from nasbench.evaluation._verify import verify
    else:
        from nasbench.experiment._verify import verify  # type: ignore[assignment]
    return verify(record, **options)  # type: ignore[arg-type]
