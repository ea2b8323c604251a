"""Verify a record: compare every trial with its task, then replay runs and compare every bit."""

from dataclasses import replace
from typing import Any

import numpy as np

from nasbench.arrays import Floats
from nasbench.choices import Choice
from nasbench.comparison import version1
from nasbench.comparison.experiment import CHARGED, Experiment
from nasbench.comparison.plausibility import explain_misfit
from nasbench.comparison.record import SearchRecord
from nasbench.comparison.run import Run
from nasbench.comparison.running import recorded_run
from nasbench.errors import NasbenchError
from nasbench.records.given_classes import Given, put_in_classes
from nasbench.records.opening import opened_tasks, recorded_entries, recorded_task
from nasbench.records.replay import Verdict, changes, replay
from nasbench.registry import STRATEGIES
from nasbench.tasks.recorded import as_recorded


def verify(
    record: SearchRecord, *, sample: int | None = 2, rng: np.random.Generator, strategies: Given = ()
) -> Verdict:
    """Check every trial of all runs, and replay ``sample`` runs of each task and strategy (None: all).

    Args:
        record: record to verify.
        sample: number of runs to replay of each task and strategy; None for all.
        rng: draws the sample.
        strategies: classes that cannot be found by their recorded names; see ``Record.verify``.

    Raises:
        InvalidOption: ``sample`` is below 1.
        UnknownName: a given class belongs to no recorded strategy.
        RecordError: the record is damaged, or a task, table or strategy is not the recorded one.
    """
    experiment = replace(Experiment.from_spec(record.spec), given=opened_tasks(record))
    experiment = replace(experiment, strategies=put_in_classes(experiment.strategies, strategies))
    choices = {choice.label: choice for choice in experiment.strategies}
    unreplayed = {label: why for label, choice in choices.items() if (why := _find_obstacle(choice))}
    with as_recorded(recorded_entries(record)):
        changed = changes(record, experiment.spec(search=False, absent=unreplayed))

    misfits = _find_misfits(record, experiment)

    def again(task: str, label: str, number: int) -> Run:
        charges = _read_charges(record, task, label, number) if experiment.clock == CHARGED else None
        run = recorded_run(record, experiment, task, choices[label], number, charges)
        return version1.reduce_run(run) if record.spec["version"] == version1.VERSION else run

    verdict = replay(record, again, changed, sample=sample, rng=rng, unreplayed=unreplayed)
    return replace(verdict, misfits=misfits)


def _read_charges(record: SearchRecord, task: str, label: str, number: int) -> Floats:
    """Return the charged seconds of a recorded run."""
    return next(run.charges for run in record.runs(task, label) if run.number == number)


def _find_obstacle(choice: Choice) -> str:
    """Return why a strategy cannot be replayed; empty if its class is found."""
    try:
        choice.resolve(STRATEGIES)
    except NasbenchError as error:
        hint = f"; pass the class: verify(strategies={{{choice.label!r}: CLASS}})" if ":" in choice.name else ""
        return f"{error}{hint}"
    return ""


def _find_misfits(record: SearchRecord, experiment: Experiment) -> list[tuple[str, str, Any, str]]:
    """Compare every trial of all runs, including failed runs, with the answers of the tasks."""
    found = []
    for name in record.tasks:
        task = recorded_task(record, name)
        for label in record.strategies:
            runs = record.runs(name, label)
            whys = (
                explain_misfit(experiment, task, run.number, run.history, run.recommendations, run.charges)
                for run in runs
            )
            found += [(name, label, run.number, why) for run, why in zip(runs, whys, strict=True) if why]
    return found
