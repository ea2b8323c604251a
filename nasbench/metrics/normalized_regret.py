"""Final normalised regret: the final incumbent's regret divided by the expected regret of a random architecture.

It is 0 at the task's optimum and 1 at the expected score of a uniformly drawn architecture. A run without an incumbent
counts as 1, and so does a failed run, so that failing never pays.
"""

from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns


class NormalizedRegret(Metric):
    """Normalised regret of the final incumbent, by the first reported split."""

    label = "normalised regret"
    comparable = True

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the normalised regret of each run's last incumbent; ``[R]``."""
        track = runs.incumbents
        return MetricValues(track.read_last(runs.normalize(track.regret), 1.0))
