"""Median stopping: end a training whose best so far is below the median of what others averaged by then.

Source: Golovin, Solnik, Moitra, Kochanski, Karro & Sculley 2017, "Google Vizier: A Service for Black-Box Optimization"
(KDD), section 3.2.2: a trial is stopped at a step if its best score up to it is worse than the median of the running
averages, up to that step, of all trials that were completed. Architectures are random. The paper does not say when it
begins: here after ``grace`` of the epochs that a task answers, and once ``min_trials`` trainings are complete.

Averages are kept in order for each step, so that a decision is a look-up. Crashed trainings are left out.
"""

import math
from bisect import insort
from collections.abc import Sequence
from itertools import accumulate
from typing import ClassVar

import numpy as np

from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least
from nasbench.strategies.multi_fidelity._early_stopping import StepwiseSearch, Training


class MedianStopping(StepwiseSearch):
    """Random search that ends what is below the median.

    Args:
        space: where to search.
        rng: draws the architectures.
        epochs: that the task answers; filled in by a comparison.
        every: look at every how many of them.
        grace: looks that every training has.
        min_trials: complete trainings before any is stopped.

    Raises:
        InvalidOption: numbers below 1.
    """

    requires_fidelities: ClassVar[bool] = True

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: Sequence[int] = (),
        every: int = 1,
        grace: int = 1,
        min_trials: int = 5,
    ) -> None:
        super().__init__(space, rng, epochs=epochs, every=every)
        check_at_least(1, grace=grace, min_trials=min_trials)
        self._grace, self._min_trials = grace, min_trials
        self._averages: list[list[float]] = [[] for _ in self._steps]  # of complete trainings, by step, in order

    def _goes_on(self, training: Training) -> bool:
        step = len(training.curve)
        averages = self._averages[step - 1]
        if step <= self._grace or len(averages) < self._min_trials:
            return True
        middle = len(averages) // 2
        median = averages[middle] if len(averages) % 2 else (averages[middle - 1] + averages[middle]) / 2
        return max(training.curve) >= median

    def _ended(self, training: Training, *, complete: bool) -> None:
        if not complete or training.curve[-1] == -math.inf:
            return
        for step, total in enumerate(accumulate(training.curve)):
            insort(self._averages[step], total / (step + 1))
