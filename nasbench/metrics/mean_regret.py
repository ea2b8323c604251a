"""Mean regret over the budget, in the metric's unit: the area under the regret curve divided by the budget.

Like ``anytime`` without the normalisation. Until its first result, a run has the expected regret of a random
architecture.
"""

from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns


class MeanRegret(Metric):
    """Area under the curve of regret over the share of the budget spent."""

    label = "mean regret"
    unit = "reported"

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the mean regret of each run; ``[R]``."""
        track = runs.incumbents
        return MetricValues(track.average(track.regret, track.spent[runs.unit], runs.budget, runs.goal.regret_range))
