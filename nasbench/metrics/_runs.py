"""The runs of one task as joined columns: all that a metric is given."""

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
    """Every finished trial of R runs, one run behind the other, each in the order in which its strategy learnt of it.

    Attributes:
        offsets: [R + 1]; the trials of run ``r`` are ``offsets[r]:offsets[r + 1]``.
        id: [N] trial.
        arch: [N, d] architecture.
        epoch: [N] last finished epoch.
        score: [N, objectives] what was observed, larger is better; nan where missing.
        crashed: [N].
        cost_s: [N] simulated seconds of this answer.
        finish_s: [N] simulated time of the answer.
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
    """What is good on a task.

    Attributes:
        optimum: best possible value of what is reported first.
        random_score: its expected value for an architecture drawn at random.
        reported: its unit and direction.
        objectives: unit and direction of each column of scores, what is observed first.
        report: returns what is reported of architectures [n, d], by label; what is reported first comes first.
    """

    optimum: float
    random_score: float
    reported: Scale
    objectives: tuple[Scale, ...]
    report: Callable[[Archs], dict[str, Floats]]

    @property
    def observed(self) -> Scale:
        """Unit and direction of what strategies see first."""
        return self.objectives[0]

    @property
    def regret_range(self) -> float:
        """Regret of a random architecture, by which normalised regret is divided."""
        return self.reported.sign * (self.optimum - self.random_score)

    def compute_regret(self, first: Floats) -> Floats:
        """Return how much better the optimum is than values of what is reported first."""
        return self.reported.sign * (self.optimum - first)


@dataclass(frozen=True)
class TaskRuns:
    """R runs on one task.

    Attributes:
        goal: what is good on the task.
        trials: all trials, joined.
        spent: unit (``trials``, ``epochs``, ``s``) -> [N] what a run had spent when each trial was told.
        failed: [R] runs that a strategy broke off.
        overhead_s: [R] real seconds inside the strategy; nan where the timing was lost.
        limits: unit -> what each run could spend.
        unit: the unit of ``limits`` that ended the runs: that of ``budget``.
        incumbents: what each run's observations say is best, over time.
        recommended: what each strategy would hand over, over time; the same object where no strategy says that itself.
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
        """[R] finished trials."""
        return np.diff(self.trials.offsets)

    @property
    def budget(self) -> float:
        """What each run could spend, in ``unit``."""
        return self.limits[self.unit]

    def normalize(self, regret: Floats) -> Floats:
        """Return regret over that of a random architecture.

        Where all architectures are as good, whatever was found is the optimum.
        """
        return regret / (self.goal.regret_range or 1.0)

    @cached_property
    def trial_regret(self) -> Floats:
        """[N] regret of each trial's architecture, whatever was observed of it."""
        return self.goal.compute_regret(next(iter(self.goal.report(self.trials.arch).values())))

    def follow_up(self, unit: str) -> Floats:
        """Return until when it is known that a run did not reach what it did not reach; ``[R]`` in ``unit``.

        A run is censored where a limit in this unit ended it, else by what it had spent when another limit did. A run
        that failed, or ended although every limit had room for any further trial, would never have gone on: it counts
        as one that searched without success for as long as any run of the task lasted.
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
        """Return whether the limit in a unit would have let each run do the dearest trial of all runs; ``[R]``."""
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
    """Return what a run had spent when each trial was told; unit -> ``[N]``."""
    return {
        "trials": _sum_within_runs(np.ones(len(trials.id), dtype=np.int64), trials.offsets),
        "epochs": _sum_within_runs(_count_new_epochs(trials), trials.offsets),
        "s": trials.finish_s,
    }


def _sum_within_runs(amounts: Ints, offsets: Ints) -> Floats:
    """Return the sum of each run's amounts [N] up to each of its trials; ``[N]``."""
    total = np.append(0, np.cumsum(amounts))
    before = np.repeat(total[offsets[:-1]], np.diff(offsets))
    within: Floats = (total[1:] - before).astype(np.float64)
    return within


def _count_new_epochs(trials: JoinedTrials) -> Ints:
    """Return how many epochs each answer adds to those of its trial; ``[N]``."""
    run = np.repeat(np.arange(len(trials.offsets) - 1), np.diff(trials.offsets))
    if ((np.diff(trials.id) > 0) | (np.diff(run) > 0)).all():
        return trials.epoch  # no trial was continued
    order = np.lexsort((trials.id, run))  # stable: the answers of a trial stay in their order
    same_run = np.diff(run[order], prepend=-1) == 0
    goes_on = same_run & (np.diff(trials.id[order], prepend=0) == 0)
    epochs = trials.epoch[order]
    new = np.empty_like(epochs)
    new[order] = epochs - np.where(goes_on, np.append(0, epochs[:-1])[: len(epochs)], 0)
    return new
