"""Final normalised regret: how far the incumbent lies from the optimum, in units of a random architecture's distance.

0 at the task's optimum and 1 at the expected score of a uniformly drawn architecture. A run without an incumbent counts
1, and so does a failed one: failing must not pay.
"""

from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns


class NormalizedRegret(Metric):
    """Of the final incumbent, by what the task reports first."""

    label = "normalised regret"
    comparable = True

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the normalised regret of each run's last incumbent; ``[R]``."""
        track = runs.incumbents
        return MetricValues(track.read_last(runs.normalize(track.regret), 1.0))
