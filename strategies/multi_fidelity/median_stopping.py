"""Median stopping: stop a training run whose best score is below the median of the running averages of others.

Source: Golovin, Solnik, Moitra, Kochanski, Karro & Sculley 2017, "Google Vizier: A Service for Black-Box Optimization"
(KDD), section 3.2.2. A trial is stopped at a step if its best score up to it is worse than the median of the running
averages, up to that step, of all completed trials. Architectures are random. The paper does not say when the rule
begins to apply. Here it does after ``grace`` of the epochs that a task answers, and once ``min_trials`` training runs
are complete.

The averages of each step are kept in order, so that a decision is a look-up. Crashed training runs are left out.
"""

import math
from bisect import insort
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

import numpy as np

from nasbench.options import Count
from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity._early_stopping import ObservedTraining, StepwiseSearch


@dataclass(kw_only=True, eq=False)
class MedianStopping(StepwiseSearch):
    """Random search that stops training runs below the median.

    Attributes:
        every: validate at every n-th of the epochs; always at the last.
        grace: validations of every training run before it may be stopped.
        min_trials: complete training runs before any is stopped.
    """

    requires_fidelities: ClassVar[bool] = True

    every: Count = 1
    grace: Count = 1
    min_trials: Count = 5

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without averages."""
        super().__post_init__(space, rng)
        self._averages: list[list[float]] = [[] for _ in self._steps]  # of complete training runs, by step, sorted

    def _select_steps(self) -> tuple[int, ...]:
        return tuple(self.epochs)[::-1][:: self.every][::-1]

    def _should_continue(self, training: ObservedTraining) -> bool:
        step = len(training.curve)
        averages = self._averages[step - 1]
        if step <= self.grace or len(averages) < self.min_trials:
            return True
        middle = len(averages) // 2
        median = averages[middle] if len(averages) % 2 else (averages[middle - 1] + averages[middle]) / 2
        return max(training.curve) >= median

    def _learn_from(self, training: ObservedTraining, *, complete: bool) -> None:
        if not complete or training.curve[-1] == -math.inf:
            return
        for step, total in enumerate(accumulate(training.curve)):
            insort(self._averages[step], total / (step + 1))
