"""Metrics of searches: one number for each run of a task, one file a metric.

A file holds one subclass of ``Metric``; entry points of the group ``nasbench.metrics`` add others, and ``module:Class``
works wherever a metric is named. All that a metric knows of a task are its ``TaskRuns``.
"""

from nasbench.metrics._metric import Metric, MetricValues, make_metrics
from nasbench.metrics._runs import JoinedTrials, TaskGoal, TaskRuns, compute_spent
from nasbench.metrics._tracks import Track

__all__ = ["JoinedTrials", "Metric", "MetricValues", "TaskGoal", "TaskRuns", "Track", "compute_spent", "make_metrics"]
