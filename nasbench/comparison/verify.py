"""Verify a record: compare every trial with its task, then replay runs and compare every bit."""

from dataclasses import replace
from typing import Any

import numpy as np

from nasbench.comparison import version1
from nasbench.comparison.experiment import Experiment
from nasbench.comparison.plausibility import explain_misfit
from nasbench.comparison.record import SearchRecord
from nasbench.comparison.run import Run
from nasbench.comparison.running import recorded_run
from nasbench.records.opening import opened_tasks, recorded_entries, recorded_task
from nasbench.records.replay import Verdict, changes, replay
from nasbench.tasks.recorded import as_recorded


def verify(record: SearchRecord, *, sample: int | None = 2, rng: np.random.Generator) -> Verdict:
    """Check every trial of all runs, and replay ``sample`` runs of each task and strategy (None: all).

    Raises:
        InvalidOption: ``sample`` is below 1.
        RecordError: the record is damaged, or a task, table or strategy is not the recorded one.
    """
    experiment = replace(Experiment.from_spec(record.spec), given=opened_tasks(record))
    with as_recorded(recorded_entries(record)):
        changed = changes(record, experiment.spec(search=False))
    choices = {choice.label: choice for choice in experiment.strategies}

    misfits = _find_misfits(record, experiment)

    def again(task: str, label: str, number: int) -> Run:
        run = recorded_run(record, experiment, task, choices[label], number)
        return version1.reduce_run(run) if record.spec["version"] == version1.VERSION else run

    return replace(replay(record, again, changed, sample=sample, rng=rng), misfits=misfits)


def _find_misfits(record: SearchRecord, experiment: Experiment) -> list[tuple[str, str, Any, str]]:
    """Compare every trial of all runs, including failed runs, with the answers of the tasks."""
    found = []
    for name in record.tasks:
        task = recorded_task(record, name)
        for label in record.strategies:
            runs = record.runs(name, label)
            whys = (explain_misfit(experiment, task, run.number, run.history, run.recommendations) for run in runs)
            found += [(name, label, run.number, why) for run, why in zip(runs, whys, strict=True) if why]
    return found
