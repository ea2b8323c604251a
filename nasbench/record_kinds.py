"""Records of either kind, searches or predictors: opening and verifying one by its folder."""

from pathlib import Path

from nasbench.comparison.record import Record
from nasbench.evaluation import PredictionRecord
from nasbench.evaluation.evaluation import FORMAT
from nasbench.records.replay import Verdict
from nasbench.records.store import read_spec


def open_record(path: Path | str) -> Record | PredictionRecord:
    """Open the record that ``nasbench compare`` or ``nasbench predict`` wrote into a folder.

    Raises:
        RecordError: the folder holds no record, or a damaged one.
    """
    folder = Path(path).expanduser()
    of_predictors = read_spec(folder).get("format") == FORMAT
    return PredictionRecord(folder) if of_predictors else Record(folder)


def verify(record: Record | PredictionRecord | Path | str, *, sample: int | None = 2, seed: int = 0) -> Verdict:
    """Check a record against its tasks, and repeat some of its runs to the bit.

    Args:
        record: a record, or its folder.
        sample: runs to repeat of each pair of task and strategy or predictor; None for all.
        seed: draws the sample.

    Raises:
        InvalidOption: a sample below 1.
        RecordError: a damaged record, or a task, table, strategy or predictor that is not the one recorded.
    """
    opened = open_record(record) if isinstance(record, Path | str) else record
    return opened.verify(sample=sample, seed=seed)
