"""Number of finished trials, each answer of a trial that was continued counted."""

import math

import numpy as np

from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns


class FinishedTrials(Metric):
    """How many results the strategy was told."""

    label = "trials"
    unit = "count"
    direction = "none"
    bounds = (0.0, math.inf)

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the number of finished trials of each run; ``[R]``."""
        return MetricValues(runs.n_trials.astype(np.float64))
