"""Seconds to the optimum: simulated seconds until an optimal architecture is first found; censored if it never is.

An architecture is optimal if its regret by the first reported split is zero (as in White et al. 2020, arXiv
2005.02960). By default, an optimum counts as found when it becomes the incumbent: with noisy scores, a search may
evaluate the optimum without recognising it. With ``evaluated=True``, its first evaluation counts, whatever score was
observed. Censored runs need suitable statistics: the median and the restricted mean by Kaplan & Meier 1958.
"""

import math

from nasbench.metrics._hitting import find_first_evaluation, find_hitting_time
from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns


class SecondsToOptimum(Metric):
    """First time at which an optimal architecture is the incumbent.

    Args:
        evaluated: count its first evaluation instead.
    """

    label = "seconds to optimum"
    unit = "s"
    bounds = (0.0, math.inf)

    def __init__(self, *, evaluated: bool = False) -> None:
        self._evaluated = evaluated

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the simulated seconds of each run; ``[R]``."""
        if self._evaluated:
            return find_first_evaluation(runs, "s")
        track = runs.incumbents
        return find_hitting_time(runs, track, track.regret <= 0, "s")
