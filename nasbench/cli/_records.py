"""Records of either kind, by what their specification says they are."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasbench.evaluation import PredictionRecord
    from nasbench.experiment import Record


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
