"""Final normalised inference regret: ``inference_regret`` divided by the expected regret of a random architecture."""

from nasbench.metrics._metric import Metric, MetricValues
from nasbench.metrics._runs import TaskRuns


class NormalizedInferenceRegret(Metric):
    """Normalised regret of the final recommendation, by the first reported split."""

    label = "normalised inference regret"
    comparable = True

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the normalised regret of each run's last recommendation; ``[R]``."""
        track = runs.recommended
        return MetricValues(track.read_last(runs.normalize(track.regret), 1.0))
