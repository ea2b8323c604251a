"""Simple regret: how much better the optimum is than the final incumbent, in the metric's unit.

The incumbent is the best architecture by observed score; its regret is by the first reported split, a mean over seeds
(Bubeck, Munos & Stoltz 2009, arXiv 0802.2655). A run without an incumbent has the expected regret of a random
architecture.
"""

from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns


class SimpleRegret(Metric):
    """Regret of the final incumbent."""

    label = "regret"
    unit = "reported"

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the regret of each run's last incumbent; ``[R]``."""
        track = runs.incumbents
        return MetricValues(track.read_last(track.regret, runs.goal.regret_range))
