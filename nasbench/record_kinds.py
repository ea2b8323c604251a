"""Opening and verifying a record of either kind, searches or predictors, by its folder."""

from pathlib import Path

from nasbench.comparison import Record
from nasbench.errors import InvalidOption
from nasbench.evaluation import PredictionRecord
from nasbench.evaluation.evaluation import FORMAT
from nasbench.records.given_classes import Given
from nasbench.records.replay import Verdict
from nasbench.records.store import read_spec


def open_record(path: Path | str) -> Record | PredictionRecord:
    """Open the record that ``nasbench compare`` or ``nasbench predict`` wrote to a folder.

    Raises:
        RecordError: the folder does not contain a record, or the record is damaged.
    """
    folder = Path(path).expanduser()
    of_predictors = read_spec(folder).get("format") == FORMAT
    return PredictionRecord(folder) if of_predictors else Record(folder)


def verify(
    record: Record | PredictionRecord | Path | str, *, sample: int | None = 2, seed: int = 0, strategies: Given = ()
) -> Verdict:
    """Check a record against its tasks, and repeat some of its runs bit for bit.

    Args:
        record: a record, or its folder.
        sample: number of runs to repeat for each pair of task and strategy or predictor; None for all.
        seed: draws the sample.
        strategies: your own classes, for a record of searches; see ``Record.verify``.

    Raises:
        InvalidOption: ``sample`` is below 1, or strategies are given for a record of predictors.
        UnknownName: a given class belongs to no recorded strategy.
        RecordError: the record is damaged, or a task, table, strategy or predictor differs from the recorded one.
    """
    opened = open_record(record) if isinstance(record, Path | str) else record
    if isinstance(opened, Record):
        return opened.verify(sample=sample, seed=seed, strategies=strategies)
    if strategies:
        raise InvalidOption(f"{opened.path} compares predictors; strategies are for records of searches")
    return opened.verify(sample=sample, seed=seed)
