"""Number of finished trials; each result of a continued trial counts."""

import math

import numpy as np

from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns


class FinishedTrials(Metric):
    """Number of results that the strategy received."""

    label = "trials"
    unit = "count"
    direction = "none"
    bounds = (0.0, math.inf)

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the number of finished trials of each run; ``[R]``."""
        return MetricValues(runs.n_trials.astype(np.float64))
