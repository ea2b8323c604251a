"""Hitting times: when runs first reach a target, or the last time at which they are known not to have reached it."""

import numpy as np

from nasbench.arrays import Bools
from nasbench.metrics._metric import MetricValues
from nasbench.metrics._runs import TaskRuns
from nasbench.metrics._tracks import Track


def find_hitting_time(runs: TaskRuns, track: Track, reached: Bools, unit: str) -> MetricValues:
    """Find what each run had spent when it first reached a target; censored if it never did.

    Args:
        runs: runs on the task.
        track: steps at which the target can be reached.
        reached: [K] whether the target is reached at each step.
        unit: ``trials``, ``epochs`` or ``s``.
    """
    first = track.find_first(reached)
    padded = np.append(track.spent[unit], np.nan)
    return MetricValues(np.where(first >= 0, padded[first], runs.follow_up(unit)), first < 0)


def find_first_evaluation(runs: TaskRuns, unit: str) -> MetricValues:
    """Find what each run had spent when it first evaluated an optimal architecture, whatever score it observed."""
    failed = runs.failed[np.repeat(np.arange(len(runs.failed)), runs.n_trials)]
    trials = runs.trials
    everything = Track(trials.offsets, np.arange(len(failed)), trials.arch, runs.spent, {}, runs.trial_regret)
    return find_hitting_time(runs, everything, (runs.trial_regret <= 0) & ~failed, unit)
