"""Best observed score: the score of the final incumbent as the search saw it, in the metric's unit and sign.

Lucky seeds inflate it; compare it with the reported score of the same architecture. It is undefined for a run without
an incumbent.
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
