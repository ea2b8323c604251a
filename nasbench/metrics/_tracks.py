"""Tracks: what each run would hand over if it were stopped, over time."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nasbench.arrays import Archs, Bools, Floats, Ints


@dataclass(frozen=True)
class Track:
    """The steps of all runs on a task, joined; at each step, the architecture that a run would hand over changes.

    Attributes:
        offsets: [R + 1]; the steps of run ``r`` are ``offsets[r]:offsets[r + 1]``, in order of time. A run that failed
            or found nothing has no steps.
        trial: [K] position of the trial with the architecture; -1 for a strategy's own recommendation.
        arch: [K, d] the architecture.
        spent: unit (``trials``, ``epochs``, ``s``) -> [K] what the run had spent at the step.
        reported: split -> [K] reported value of the architecture, in its own unit.
        regret: [K] how much better the optimum is, by the first reported split and in its unit.
    """

    offsets: Ints
    trial: Ints
    arch: Archs
    spent: dict[str, Floats]
    reported: dict[str, Floats]
    regret: Floats

    @cached_property
    def run(self) -> Ints:
        """[K] run of each step."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def read_last(self, values: Floats, otherwise: float) -> Floats:
        """Return the last value [K] of each run, or ``otherwise`` for a run without steps; ``[R]``."""
        ends = self.offsets[1:]
        found: Floats = np.append(values, otherwise)[np.where(ends > self.offsets[:-1], ends - 1, -1)]
        return found

    def read_at(self, values: Floats, spent: Floats, times: Floats, otherwise: float) -> Floats:
        """Return the value that holds at each of ``times``, or ``otherwise`` before a run's first step; ``[R, G]``.

        Args:
            values: [K] value from each step on.
            spent: [K] time of each step.
            times: [G] increasing times.
            otherwise: value before the first step.
        """
        n_runs, n_times = len(self.offsets) - 1, len(times)
        first_seen = np.searchsorted(times, spent, side="left")  # the first time at which a step holds
        seen = np.zeros((n_runs, n_times + 1), dtype=np.int64)
        np.add.at(seen, (self.run, first_seen), 1)
        n_steps = np.cumsum(seen[:, :-1], axis=1)
        padded = np.append(values, otherwise)
        found: Floats = padded[np.where(n_steps > 0, self.offsets[:-1, None] + n_steps - 1, -1)]
        return found

    def average(self, values: Floats, spent: Floats, budget: float, otherwise: float) -> Floats:
        """Compute the mean of a step function over the budget; ``[R]``.

        Args:
            values: [K] value from each step on.
            spent: [K] time of each step.
            budget: the end, in the unit of ``spent``.
            otherwise: value before a run's first step.
        """
        share = np.minimum(spent / budget, 1.0)
        until = np.append(share[1:], 1.0)  # the next step of the same run, or the end
        until[self.offsets[1:][np.diff(self.offsets) > 0] - 1] = 1.0
        n_runs = len(self.offsets) - 1
        before = np.ones(n_runs)
        some = np.diff(self.offsets) > 0
        before[some] = share[self.offsets[:-1][some]]
        area = np.bincount(self.run, weights=(until - share) * values, minlength=n_runs).astype(np.float64)
        return before * otherwise + area

    def find_first(self, reached: Bools) -> Ints:
        """Find the first step of each run at which ``reached`` [K] is true; ``[R]``, -1 if it never is."""
        first: Ints = np.full(len(self.offsets) - 1, -1, dtype=np.int64)
        steps = np.flatnonzero(reached)[::-1]
        first[self.run[steps]] = steps  # of several writes to one place, the last one wins: the earliest step
        return first
