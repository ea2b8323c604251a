"""Checking a record of predictors: fit again and compare every bit."""

import numpy as np

from nasbench.evaluation._evaluate import one_run, opened_of
from nasbench.evaluation._evaluation import Evaluation, Key
from nasbench.evaluation._record import Outcome, PredictionRecord
from nasbench.experiment._verify import Verdict, changes, replay


def verify(record: PredictionRecord, *, sample: int | None = 2, rng: np.random.Generator) -> Verdict:
    """Do ``sample`` runs of each pair of task and predictor again (None: all) and compare every metric.

    Raises:
        InvalidOption: a sample below 1.
        RecordError: a damaged record, or a task, table or predictor that is not the one recorded.
    """
    evaluation = Evaluation.from_spec(record.spec)
    changed = changes(record, evaluation.spec())
    choices = {choice.label: choice for choice in evaluation.predictors}

    def again(task: str, label: str, key: Key) -> Outcome:
        return one_run(evaluation, opened_of(record, task), choices[label], key)

    return replay(record, again, changed, sample=sample, rng=rng)
