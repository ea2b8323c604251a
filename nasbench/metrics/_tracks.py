"""What runs would hand over if they were stopped, over time."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nasbench.arrays import Bools, Floats, Ints


@dataclass(frozen=True)
class Track:
    """The steps of all runs of a task, joined: each is the moment at which what a run hands over changes.

    Attributes:
        offsets: [R + 1]; the steps of run ``r`` are ``offsets[r]:offsets[r + 1]``, in the order of time. A run that
            failed, or found nothing, has none.
        trial: [K] position of the trial whose architecture is handed over; -1 where it never was a trial.
        spent: unit (``trials``, ``epochs``, ``s``) -> [K] what the run had spent by then.
        reported: label -> [K] what is reported of the architecture handed over, in its own unit.
        regret: [K] how much better the optimum is, by what is reported first and in its unit.
    """

    offsets: Ints
    trial: Ints
    spent: dict[str, Floats]
    reported: dict[str, Floats]
    regret: Floats

    @cached_property
    def run(self) -> Ints:
        """[K] run of each step."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def read_last(self, values: Floats, otherwise: float) -> Floats:
        """Return the last of each run's values [K], ``otherwise`` for a run without any; ``[R]``."""
        ends = self.offsets[1:]
        found: Floats = np.append(values, otherwise)[np.where(ends > self.offsets[:-1], ends - 1, -1)]
        return found

    def read_at(self, values: Floats, spent: Floats, times: Floats, otherwise: float) -> Floats:
        """Return the value in force at each of ``times``, ``otherwise`` before a run's first step; ``[R, G]``.

        Args:
            values: [K].
            spent: [K] when each came into force.
            times: [G], rising.
            otherwise: the value before.
        """
        n_runs, n_times = len(self.offsets) - 1, len(times)
        first_seen = np.searchsorted(times, spent, side="left")  # the first time at which a step is in force
        seen = np.zeros((n_runs, n_times + 1), dtype=np.int64)
        np.add.at(seen, (self.run, first_seen), 1)
        n_steps = np.cumsum(seen[:, :-1], axis=1)
        padded = np.append(values, otherwise)
        found: Floats = padded[np.where(n_steps > 0, self.offsets[:-1, None] + n_steps - 1, -1)]
        return found

    def average(self, values: Floats, spent: Floats, budget: float, otherwise: float) -> Floats:
        """Return the mean of a step function over the budget; ``[R]``.

        Args:
            values: [K] from each step on.
            spent: [K] when each came into force.
            budget: the end, in the unit of ``spent``.
            otherwise: the value before a run's first step.
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
        """Return the first step of each run at which something was reached [K]; ``[R]``, -1 where it never was."""
        first: Ints = np.full(len(self.offsets) - 1, -1, dtype=np.int64)
        steps = np.flatnonzero(reached)[::-1]
        first[self.run[steps]] = steps  # of several writes to one place the last one, the earliest step, stays
        return first
