"""Anytime performance: mean of the normalised regret over the whole budget.

The area under the curve of the incumbent's normalised regret, divided by the budget in its own unit. The normalised
regret is 1 until the first result. A run that ends early keeps its last incumbent.
"""

from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns


class Anytime(Metric):
    """Area under the curve of normalised regret over the share of the budget spent."""

    label = "anytime"
    comparable = True

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the mean normalised regret of each run; ``[R]``."""
        track = runs.incumbents
        return MetricValues(track.average(runs.normalize(track.regret), track.spent[runs.unit], runs.budget, 1.0))
