"""Overhead: real seconds that a run spent inside its strategy, apart from the simulated clock.

It is measured, so replaying a run does not reproduce it; nan if the timing was lost.
"""

import math

from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns


class Overhead(Metric):
    """Real seconds inside the strategy."""

    label = "overhead"
    unit = "s"
    bounds = (0.0, math.inf)

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the seconds of each run; ``[R]``."""
        return MetricValues(runs.overhead_s)
