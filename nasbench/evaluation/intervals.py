"""Means over runs with their intervals, where Student's t covers; clipped to the metric's range.

Over training sets, Kendall's tau and some other metrics are near normal, so that 95 % intervals cover some 94 % from
three runs on; less where a predictor fails on some training sets and not on others. Other metrics are skewed: a single
bad training set decides the mean of R² or of the log-likelihood, and many regrets are equal. Their intervals need many
runs, or cover too rarely with 30. ``benchmarks/simulate_predictors.py RECORD`` measures it on the runs of a record.
"""

import numpy as np

from nasbench.arrays import Floats
from nasbench.statistics.intervals import compute_mean_band

_ANY = (-np.inf, np.inf)
_NEVER = 10**9
_CORRELATIONS = ("kendall", "spearman", "pearson", "sparse_kendall", "kendall_top")
_RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(_CORRELATIONS, (-1.0, 1.0)),
    **dict.fromkeys(("precision_10", "precision_5_percent", "calibration_error", "coverage_90"), (0.0, 1.0)),
    **dict.fromkeys(("regret_1", "regret_10", "stopping_regret", "rmse"), (0.0, np.inf)),
    "time_saved": (0.0, 1.0),
    "r2": (-np.inf, 1.0),
    "log_likelihood": _ANY,
}
_LEAST_RUNS: dict[str, int] = {
    **dict.fromkeys(
        ("kendall", "sparse_kendall", "kendall_top", "precision_5_percent", "calibration_error", "rmse"), 3
    ),
    **dict.fromkeys(("spearman", "coverage_90"), 10),
    **dict.fromkeys(("pearson", "r2"), 30),
}
"""Metric -> fewest runs at which the interval covers 93 % or more; other metrics have none."""


def find_least_runs(metric: str) -> int:
    """Return the fewest runs at which a metric has an interval; of a metric without any, more than any record has."""
    return _LEAST_RUNS.get(metric, _NEVER)


def compute_mean_interval(metric: str, values: Floats) -> tuple[Floats, Floats, Floats]:
    """Compute the mean over runs and its 95 % interval by Student's t, clipped to the metric's range.

    Args:
        metric: name in ``METRICS`` or ``CURVE_METRICS``.
        values: [runs, ...] values of the metric.

    Returns:
        Mean, lower and upper bound, ``[...]`` each; bounds are nan for fewer than ``find_least_runs`` runs, and where
        all runs are equal: three failures do not show that every run would fail.
    """
    mean, low, high = compute_mean_band(values, _RANGES.get(metric, _ANY))
    unknown = (np.ptp(values, axis=0) == 0) | (len(values) < find_least_runs(metric))
    return mean, np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)
