"""Verify a record of predictors: fit again and compare every bit."""

from dataclasses import replace

import numpy as np

from nasbench.evaluation.evaluation import Evaluation, Key
from nasbench.evaluation.record import Outcome, OutcomeRecord
from nasbench.evaluation.running import find_recorded_proxies, rerun
from nasbench.records.opening import opened_tasks, recorded_entries
from nasbench.records.replay import Verdict, changes, replay
from nasbench.tasks.recorded import as_recorded


def verify(record: OutcomeRecord, *, sample: int | None = 2, rng: np.random.Generator) -> Verdict:
    """Repeat ``sample`` runs of each task and predictor (None: all), and compare every metric.

    Raises:
        InvalidOption: ``sample`` is below 1.
        RecordError: the record is damaged, or a task, table or predictor is not the recorded one.
    """
    evaluation = replace(
        Evaluation.from_spec(record.spec), given=opened_tasks(record), proxies=find_recorded_proxies(record)
    )
    with as_recorded(recorded_entries(record)):
        changed = changes(record, evaluation.spec(fit=False))
    choices = {choice.label: choice for choice in evaluation.predictors}

    def again(task: str, label: str, key: Key) -> Outcome:
        return rerun(record, evaluation, task, choices[label], key)

    return replay(record, again, changed, sample=sample, rng=rng)
