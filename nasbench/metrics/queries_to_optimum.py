"""Queries to the optimum: trials until an optimal architecture is first found; censored where it never is.

Optimal is every architecture with zero regret by what the task reports first. White et al. 2020 (arXiv 2005.02960) and
others count like this. By default a run has found one when one is its incumbent: where scores are noisy, a search may
evaluate the optimum and not recognise it. With ``evaluated=True`` its first evaluation counts, whatever was observed.
Censored runs need statistics that know it: median and restricted mean by Kaplan & Meier 1958.
"""

import math

from nasbench.metrics._hitting import find_first_evaluation, find_hitting_time
from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns


class QueriesToOptimum(Metric):
    """First time that an optimal architecture is the incumbent.

    Args:
        evaluated: count its first evaluation instead.
    """

    label = "queries to optimum"
    unit = "count"
    bounds = (0.0, math.inf)

    def __init__(self, *, evaluated: bool = False) -> None:
        self._evaluated = evaluated

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the trials of each run; ``[R]``."""
        if self._evaluated:
            return find_first_evaluation(runs, "trials")
        track = runs.incumbents
        return find_hitting_time(runs, track, track.regret <= 0, "trials")
