"""Metrics of searches: a metric is one number for each run on a task. Each metric is one file of this folder.

A file holds one subclass of ``Metric``. Entry points of the group ``nasbench.metrics`` add others, and ``module:Class``
works wherever a metric is named. A metric receives only the ``TaskRuns`` of a task.
"""

from nasbench.metrics._metric import Metric, MetricValues, make_metrics
from nasbench.metrics._runs import JoinedTrials, TaskGoal, TaskRuns, compute_spent
from nasbench.metrics._tracks import Track

__all__ = ["JoinedTrials", "Metric", "MetricValues", "TaskGoal", "TaskRuns", "Track", "compute_spent", "make_metrics"]
