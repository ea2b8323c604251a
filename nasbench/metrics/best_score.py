"""Best observed score: what the search itself saw of its final incumbent, in the metric's unit and sign.

Lucky seeds flatter it; compare it with what is reported of the same architecture. A run without an incumbent has none.
"""

import numpy as np

from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns


class BestScore(Metric):
    """Observed score of the final incumbent."""

    label = "best observed"
    unit = "observed"
    direction = "observed"

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the observed score of each run's last incumbent, nan without one; ``[R]``."""
        track = runs.incumbents
        return MetricValues(runs.goal.observed.sign * track.read_last(runs.trials.score[track.trial, 0], np.nan))
