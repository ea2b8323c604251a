"""Seconds to a target: until the incumbent's normalised regret first falls to ``target``; censored if it never does.

The fixed-target view of COCO (Hansen et al. 2016, arXiv 1605.03560), with normalised regret in place of the distance
to the optimum. Censored runs need suitable statistics: the median and the restricted mean by Kaplan & Meier 1958.
"""

import math

from nasbench.metrics._hitting import find_hitting_time
from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns
from nasbench.options import NotNegative


class SecondsToTarget(Metric):
    """First time at which the incumbent reaches the target.

    Args:
        target: normalised regret to reach.
    """

    label = "seconds to target"
    unit = "s"
    bounds = (0.0, math.inf)

    def __init__(self, *, target: NotNegative = 0.05) -> None:
        self._target = target

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the simulated seconds of each run; ``[R]``."""
        track = runs.incumbents
        return find_hitting_time(runs, track, runs.normalize(track.regret) <= self._target, "s")
