"""Print simple and inference regret of a strategy: ``python benchmarks/naming_the_winner.py RUNS STRATEGY TASK ...``.

Simple regret is that of the best observed, inference regret that of what the strategy hands over, after 100 trainings
of the same runs; both by what a task reports first, accuracies in points. Intervals are over runs on the task, by a
bootstrap-t: regrets are skewed, and most differences are zero. The noise is what the task says of one query.
"""

import sys

import numpy as np
from tabulate import tabulate

from nasbench.arrays import Archs, Floats
from nasbench.comparison.experiment import Experiment, Limits
from nasbench.comparison.running import one_run
from nasbench.recommending import recommend_by_default
from nasbench.statistics.skewed_means import compute_skewed_mean
from nasbench.tasks import AnyTask, load_task

TRIALS = 100


def compute_regrets(task: AnyTask, label: str, runs: int) -> Floats:
    """Return simple and inference regret of each run; ``[2, runs]``."""
    experiment = Experiment.of([task], [label], runs=runs, limits=Limits(trials=TRIALS))
    scale = task.scales[task.reported[0]]
    factor = 100.0 if scale.unit == "fraction" else 1.0

    def regret(archs: Archs) -> float:
        reported = scale.sign * task.reported_of(archs)[task.reported[0]]
        return factor * float(scale.sign * task.optimum.score - reported.max())

    regrets = []
    for number in range(runs):
        run = one_run(experiment, task, experiment.strategies[0], number)
        if run.failed:
            raise RuntimeError(run.error)
        observed = recommend_by_default(run.history)
        regrets.append([regret(found[-1].archs) for found in (observed, run.recommendations or observed)])
    return np.array(regrets).T


def show_interval(values: Floats) -> str:
    """Return the mean and its 95 % interval over runs on this task; none below ten runs."""
    mean, low, high = compute_skewed_mean(values)
    return f"{mean:.3f} -" if np.isnan(low) else f"{mean:.3f} [{low:.3f}, {high:.3f}]"


def main(runs: int, label: str, tasks: list[str]) -> None:
    """Print a row for each task."""
    rows = []
    for name in tasks:
        task = load_task(name)
        simple, inference = compute_regrets(task, label, runs)
        noise = f"{(100 if task.scale.unit == 'fraction' else 1) * task.observation_noise:.3g}"
        differs = inference - simple
        counts = f"{(differs < -1e-9).sum()} / {(differs > 1e-9).sum()}"
        rows.append((name, noise, *map(show_interval, (simple, inference, differs)), counts))
    print(tabulate(rows, headers=("task", "noise", "simple", "inference", "difference", "better / worse")))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
