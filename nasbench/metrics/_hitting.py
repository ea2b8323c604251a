"""When runs first reach something, and until when they are known not to have."""

import numpy as np

from nasbench.arrays import Bools
from nasbench.metrics._metric import MetricValues
from nasbench.metrics._runs import TaskRuns
from nasbench.metrics._tracks import Track


def find_hitting_time(runs: TaskRuns, track: Track, reached: Bools, unit: str) -> MetricValues:
    """Return what each run had spent when it first reached something; censored where it never did.

    Args:
        runs: of the task.
        track: steps at which it can be reached.
        reached: [K] whether it is reached at each step.
        unit: ``trials``, ``epochs`` or ``s``.
    """
    first = track.find_first(reached)
    padded = np.append(track.spent[unit], np.nan)
    return MetricValues(np.where(first >= 0, padded[first], runs.follow_up(unit)), first < 0)


def find_first_evaluation(runs: TaskRuns, unit: str) -> MetricValues:
    """Return what each run had spent when an optimal architecture was first evaluated, whatever was observed of it."""
    failed = runs.failed[np.repeat(np.arange(len(runs.failed)), runs.n_trials)]
    everything = Track(runs.trials.offsets, np.arange(len(failed)), runs.spent, {}, runs.trial_regret)
    return find_hitting_time(runs, everything, (runs.trial_regret <= 0) & ~failed, unit)
