"""Final normalised inference regret: ``inference_regret`` over the regret of a random architecture."""

from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns


class NormalizedInferenceRegret(Metric):
    """Of the final recommendation, by what the task reports first."""

    label = "normalised inference regret"
    comparable = True

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the normalised regret of each run's last recommendation; ``[R]``."""
        track = runs.recommended
        return MetricValues(track.read_last(runs.normalize(track.regret), 1.0))
