"""The runs on one task as joined columns: the input of metrics."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Archs, Bools, Floats, Ints
from nasbench.metrics._tracks import Track
from nasbench.units import Scale


class JoinedTrials(NamedTuple):
    """All finished trials of R runs, run by run, in the order in which the strategy received the results.

    Attributes:
        offsets: [R + 1]; the trials of run ``r`` are ``offsets[r]:offsets[r + 1]``.
        id: [N] id of the trial.
        arch: [N, d] architecture.
        epoch: [N] last finished epoch.
        score: [N, objectives] observed scores, larger is better; nan where missing.
        crashed: [N] whether the training run crashed.
        cost_s: [N] simulated seconds that the result cost.
        finish_s: [N] simulated time of the result.
    """

    offsets: Ints
    id: Ints
    arch: Archs
    epoch: Ints
    score: Floats
    crashed: Bools
    cost_s: Floats
    finish_s: Floats


class TaskGoal(NamedTuple):
    """The goal of a task: its optimum, units and reported values.

    Attributes:
        optimum: best possible value of the first reported split.
        random_score: expected value of the first reported split for a random architecture.
        reported: unit and direction of the first reported split.
        objectives: unit and direction of each column of scores; the first one is the observed score.
        report: returns the reported values of architectures [n, d] by split, the first reported split first.
    """

    optimum: float
    random_score: float
    reported: Scale
    objectives: tuple[Scale, ...]
    report: Callable[[Archs], dict[str, Floats]]

    @property
    def observed(self) -> Scale:
        """Unit and direction of the observed score."""
        return self.objectives[0]

    @property
    def regret_range(self) -> float:
        """Expected regret of a random architecture, the divisor of normalised regret."""
        return self.reported.sign * (self.optimum - self.random_score)

    def compute_regret(self, first: Floats) -> Floats:
        """Compute how much better the optimum is than values of the first reported split."""
        return self.reported.sign * (self.optimum - first)


@dataclass(frozen=True)
class TaskRuns:
    """R runs on one task.

    Attributes:
        goal: goal of the task.
        trials: all trials, joined.
        spent: unit (``trials``, ``epochs``, ``s``) -> [N] what the run had spent when each result arrived.
        failed: [R] runs that failed.
        overhead_s: [R] real seconds inside the strategy; nan if the timing was lost.
        limits: unit -> limit of each run.
        unit: the unit in ``limits`` that ended the runs; the unit of ``budget``.
        incumbents: the best observed architecture of each run, over time.
        recommended: the recommendation of each run, over time; the same object as ``incumbents`` if no strategy makes
            its own recommendations.
    """

    goal: TaskGoal
    trials: JoinedTrials
    spent: dict[str, Floats]
    failed: Bools
    overhead_s: Floats
    limits: dict[str, float]
    unit: str
    incumbents: Track
    recommended: Track

    @property
    def n_trials(self) -> Ints:
        """[R] number of finished trials."""
        return np.diff(self.trials.offsets)

    @property
    def budget(self) -> float:
        """Budget of each run, in ``unit``."""
        return self.limits[self.unit]

    def normalize(self, regret: Floats) -> Floats:
        """Divide regret by the expected regret of a random architecture.

        If all architectures are equally good, regret is 0 and is not divided.
        """
        return regret / (self.goal.regret_range or 1.0)

    @cached_property
    def trial_regret(self) -> Floats:
        """[N] regret of each trial's architecture by its reported value, whatever score was observed."""
        return self.goal.compute_regret(next(iter(self.goal.report(self.trials.arch).values())))

    def follow_up(self, unit: str) -> Floats:
        """Return the last time at which a run is known not to have reached its target; ``[R]`` in ``unit``.

        A run is censored at the limit in this unit if that limit ended it, and otherwise at what it had spent when
        another limit ended it. A run that failed, or that ended although every limit had room for any further trial,
        would never have continued: it counts as an unsuccessful search of the length of the longest run on the task.
        """
        last, limit = self._read_totals(self.spent[unit]), self.limits.get(unit, math.inf)
        longest = limit if math.isfinite(limit) else max(float(last.max(initial=0.0)), 1.0)
        return np.where(self.ended_early | ~self._has_room(unit), longest, last)

    @cached_property
    def ended_early(self) -> Bools:
        """[R] runs that no limit ended."""
        room: Bools = np.logical_and.reduce([self._has_room(unit) for unit in self.limits])
        return self.failed | room

    def _has_room(self, unit: str) -> Bools:
        """Whether the limit in a unit would have let each run do the most expensive trial of all runs; ``[R]``."""
        amounts = self.trials.cost_s if unit == "s" else self._read_increments(self.spent[unit])
        with_another: Floats = self._read_totals(self.spent[unit]) + amounts.max(initial=0.0)
        room: Bools = with_another <= self.limits.get(unit, math.inf)
        return room

    def _read_increments(self, spent: Floats) -> Floats:
        before: Floats = np.append(0.0, spent)[:-1]
        before[self.trials.offsets[:-1][self.n_trials > 0]] = 0.0
        return spent - before

    def _read_totals(self, spent: Floats) -> Floats:
        last = np.zeros(len(self.failed))
        some = self.n_trials > 0
        last[some] = spent[self.trials.offsets[1:][some] - 1]
        return last


def compute_spent(trials: JoinedTrials) -> dict[str, Floats]:
    """Compute what a run had spent when each result arrived; unit -> ``[N]``."""
    return {
        "trials": _sum_within_runs(np.ones(len(trials.id), dtype=np.int64), trials.offsets),
        "epochs": _sum_within_runs(_count_new_epochs(trials), trials.offsets),
        "s": trials.finish_s,
    }


def _sum_within_runs(amounts: Ints, offsets: Ints) -> Floats:
    """Compute the cumulative sum of each run's amounts [N] up to each of its trials; ``[N]``."""
    total = np.append(0, np.cumsum(amounts))
    before = np.repeat(total[offsets[:-1]], np.diff(offsets))
    within: Floats = (total[1:] - before).astype(np.float64)
    return within


def _count_new_epochs(trials: JoinedTrials) -> Ints:
    """Count the epochs that each result adds to those of its trial; ``[N]``."""
    run = np.repeat(np.arange(len(trials.offsets) - 1), np.diff(trials.offsets))
    if ((np.diff(trials.id) > 0) | (np.diff(run) > 0)).all():
        return trials.epoch  # no trial was continued
    order = np.lexsort((trials.id, run))  # stable: the results of a trial keep their order
    same_run = np.diff(run[order], prepend=-1) == 0
    goes_on = same_run & (np.diff(trials.id[order], prepend=0) == 0)
    epochs = trials.epoch[order]
    new = np.empty_like(epochs)
    new[order] = epochs - np.where(goes_on, np.append(0, epochs[:-1])[: len(epochs)], 0)
    return new
