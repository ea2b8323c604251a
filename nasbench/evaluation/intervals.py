"""Means over runs with their intervals, which are clipped to the metric's range."""

import numpy as np

from nasbench.arrays import Floats
from nasbench.statistics.intervals import compute_mean_band

LEAST_RUNS = 3
"""Fewest runs with an interval: with two runs, Student's t has one degree of freedom and spans 12.7 standard errors."""

_ANY = (-np.inf, np.inf)
_RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("kendall", "spearman", "pearson", "sparse_kendall", "kendall_top"), (-1.0, 1.0)),
    **dict.fromkeys(("precision_10", "precision_5_percent", "calibration_error", "coverage_90"), (0.0, 1.0)),
    **dict.fromkeys(("regret_1", "regret_10", "stopping_regret", "rmse"), (0.0, np.inf)),
    "time_saved": (0.0, 1.0),
    "r2": (-np.inf, 1.0),
    "log_likelihood": _ANY,
}


def compute_mean_interval(metric: str, values: Floats) -> tuple[Floats, Floats, Floats]:
    """Compute the mean over runs and its 95 % interval by Student's t, clipped to the metric's range.

    Args:
        metric: name in ``METRICS`` or ``CURVE_METRICS``.
        values: [runs, ...] values of the metric.

    Returns:
        Mean, lower and upper bound, ``[...]`` each; bounds are nan for fewer than three runs.
    """
    mean, low, high = compute_mean_band(values)
    if len(values) < LEAST_RUNS:
        nothing = np.full_like(mean, np.nan)
        return mean, nothing, nothing
    least, most = _RANGES.get(metric, _ANY)
    return mean, np.maximum(low, least), np.minimum(high, most)
