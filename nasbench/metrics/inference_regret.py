"""Inference regret: how much better the optimum is than what the strategy finally recommends, in the metric's unit.

A strategy may recommend another architecture than the best observed one, for instance the one with the best posterior
mean (Wang & Jegelka 2017, arXiv 1703.01968, show both regrets). A strategy without its own recommendations recommends
its incumbent, and inference regret equals ``simple_regret``. Of a recommended set, the first member counts.
"""

from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns


class InferenceRegret(Metric):
    """Regret of the final recommendation."""

    label = "inference regret"
    unit = "reported"

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the regret of each run's last recommendation; ``[R]``."""
        track = runs.recommended
        return MetricValues(track.read_last(track.regret, runs.goal.regret_range))
