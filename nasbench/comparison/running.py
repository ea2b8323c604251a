"""One run of a comparison: a strategy on a task, in whatever process, with the same bits."""

import traceback

from nasbench.choices import Choice
from nasbench.comparison.experiment import Experiment
from nasbench.comparison.record import SearchRecord
from nasbench.comparison.run import Run
from nasbench.records.opening import recorded_entries, recorded_task
from nasbench.records.stored_run import Pair
from nasbench.registry import STRATEGIES, with_epochs, with_observation_noise, with_target, with_task_facts
from nasbench.simulation import Simulation, no_history
from nasbench.tasks import Task
from nasbench.tasks.recorded import as_recorded
from nasbench.threads import limit_to_one_thread


def one_run(experiment: Experiment, task: Task, choice: Choice, number: int) -> Run:
    """Run a strategy on a task once; if the strategy raises, the run counts as failed and no error is raised."""
    own, noise = experiment.streams(task.name, choice.label, number)
    strategy = simulation = None
    try:
        component, options = choice.resolve(STRATEGIES)
        options = with_epochs(component, with_target(component, options, task.name), task.epochs)
        options = with_observation_noise(component, options, lambda: task.observation_noise)
        options = with_task_facts(component, options, lambda: experiment.state_facts(task))
        with limit_to_one_thread():
            strategy = component(task.space, own, **options)
            simulation = Simulation(
                strategy,
                task.backend(noise),
                task.space,
                budget=experiment.limits.of(task),
                n_workers=experiment.n_workers,
                checkpoints=experiment.checkpoints,
            )
        with limit_to_one_thread():  # again, because the strategy may have loaded libraries with their own threads
            history = simulation.run()
        return Run(number, history, "", simulation.overhead_s, tuple(simulation.recommendations))
    except (Exception, SystemExit):
        # An error of a strategy affects only its own run; the other runs continue.
        error = traceback.format_exc()
        if simulation is None:
            return Run(number, no_history(task.space), error, 0.0)
        return Run(number, simulation.history, error, simulation.overhead_s, tuple(simulation.recommendations))
    finally:
        if close := getattr(strategy, "close", None):
            close()


def append_run(record: SearchRecord, experiment: Experiment, pair: Pair, number: int) -> None:
    """Do one run in this process and write it immediately."""
    task, label = pair
    choice = next(choice for choice in experiment.strategies if choice.label == label)
    record.append(task, label, recorded_run(record, experiment, task, choice, number))


def recorded_run(record: SearchRecord, experiment: Experiment, task: str, choice: Choice, number: int) -> Run:
    """Run a strategy once on a task as the record declares it, including the tasks that the strategy learns from."""
    opened = recorded_task(record, task)
    with as_recorded({**recorded_entries(record), opened.name: record.spec["tasks"][task]}):
        return one_run(experiment, opened, choice, number)
