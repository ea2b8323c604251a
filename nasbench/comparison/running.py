"""One run of a comparison: a strategy on a task, in whatever process, with the same bits."""

import traceback
from typing import Any

import numpy as np

from nasbench.arrays import Floats
from nasbench.charging import ChargedSimulation
from nasbench.choices import Choice
from nasbench.comparison.experiment import CHARGED, Experiment
from nasbench.comparison.opaque import TranslatedStrategy
from nasbench.comparison.record import SearchRecord
from nasbench.comparison.run import NO_CHARGES, Run
from nasbench.comparison.usage import read_usage
from nasbench.records.opening import recorded_entries, recorded_task
from nasbench.records.stored_run import Pair
from nasbench.registry import (
    STRATEGIES,
    with_epochs,
    with_observation_noise,
    with_run,
    with_target,
    with_task_facts,
)
from nasbench.simulation import Simulation, no_history
from nasbench.spaces import OpaqueSpace
from nasbench.tasks import Task
from nasbench.tasks.recorded import as_recorded
from nasbench.threads import limit_to_one_thread


def one_run(experiment: Experiment, task: Task, choice: Choice, number: int, charges: Floats | None = None) -> Run:
    """Run a strategy on a task once; if the strategy raises, the run counts as failed and no error is raised.

    Args:
        experiment: the experiment.
        task: the task to search.
        choice: the strategy.
        number: of the run.
        charges: seconds of each call of the strategy, to repeat a recorded run on the charged clock; None to measure.
    """
    noise = experiment.streams(task.name, choice.label, number)[1]
    strategy = simulation = None
    error = ""
    try:
        with limit_to_one_thread():
            strategy = _make_strategy(experiment, task, choice, number)
            simulation = _make_simulation(experiment, task, strategy, noise, charges)
        with limit_to_one_thread():  # again, because the strategy may have loaded libraries with their own threads
            simulation.run()
    except (Exception, SystemExit):
        # An error of a strategy affects only its own run; the other runs continue.
        error = traceback.format_exc()
    finally:
        if close := getattr(strategy, "close", None):
            close()
    usage = read_usage(strategy)
    if simulation is None:
        return Run(number, no_history(task.space), error, 0.0, usage=usage)
    return Run(
        number,
        simulation.history,
        error,
        simulation.overhead_s,
        tuple(simulation.recommendations),
        np.array(simulation.charges) if isinstance(simulation, ChargedSimulation) else NO_CHARGES,
        usage,
    )


def _make_strategy(experiment: Experiment, task: Task, choice: Choice, number: int) -> Any:
    """Return the strategy of a run; one that sees an opaque space is translated."""
    own, _ = experiment.streams(task.name, choice.label, number)
    space = experiment.draw_space(task, choice.label, number)
    component, options = choice.resolve(STRATEGIES)
    target = "" if isinstance(space, OpaqueSpace) else task.name
    options = with_run(component, with_target(component, options, target), number)
    options = with_epochs(component, options, task.epochs)
    options = with_observation_noise(component, options, lambda: task.observation_noise)
    options = with_task_facts(component, options, lambda: experiment.state_facts(task))
    made = component(space, own, **options)
    return TranslatedStrategy(made, space) if isinstance(space, OpaqueSpace) else made


def _make_simulation(
    experiment: Experiment, task: Task, strategy: Any, noise: np.random.Generator, charges: Floats | None
) -> Simulation:
    parts = strategy, task.backend(noise), task.space
    budget, n_workers, checkpoints = experiment.limits.of(task), experiment.n_workers, experiment.checkpoints
    if experiment.clock == CHARGED:
        return ChargedSimulation(*parts, budget=budget, n_workers=n_workers, checkpoints=checkpoints, charges=charges)
    return Simulation(*parts, budget=budget, n_workers=n_workers, checkpoints=checkpoints)


def append_run(record: SearchRecord, experiment: Experiment, pair: Pair, number: int) -> None:
    """Do one run in this process and write it immediately."""
    task, label = pair
    choice = next(choice for choice in experiment.strategies if choice.label == label)
    record.append(task, label, recorded_run(record, experiment, task, choice, number))


def recorded_run(
    record: SearchRecord,
    experiment: Experiment,
    task: str,
    choice: Choice,
    number: int,
    charges: Floats | None = None,
) -> Run:
    """Run a strategy once on a task as the record declares it, including the tasks that the strategy learns from."""
    opened = recorded_task(record, task)
    with as_recorded({**recorded_entries(record), opened.name: record.spec["tasks"][task]}):
        return one_run(experiment, opened, choice, number, charges)
