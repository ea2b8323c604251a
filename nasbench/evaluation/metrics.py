"""Metrics of a prediction: quality of the ranking, of the best architectures, of the values and of the uncertainty.

``kendall`` (tau-b), ``spearman``, ``pearson``, ``r2``: over all test architectures.
``sparse_kendall``: Kendall's tau after rounding predictions, accuracies to 0.1 %, so that negligible differences do not
    count (Yu et al. 2020, arXiv 1902.08142; as in Siems et al. 2020, arXiv 2008.09777).
``kendall_top``: Kendall's tau among the truly best tenth.
``precision_10``, ``precision_5_percent``: share of the k predicted best that are among the k truly best.
``regret_1``, ``regret_10``: best score of all minus the best score among the k predicted best; a fraction.
``log_likelihood``: mean logarithm of the normal density at the true score; nats, score in fractions.
``calibration_error``: mean distance between the level of a quantile and the share of true scores below it
    (Kuleshov, Fenner & Ermon 2018, arXiv 1807.00263), over ``LEVELS``.

A constant prediction has correlation 0 and not nan, so that an uninformative predictor is not left out of a mean. If
all true scores are equal, correlations are undefined.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import ndtri

from nasbench.arrays import Floats
from nasbench.predictions import Prediction

METRICS: dict[str, int] = {
    "kendall": 1,
    "spearman": 1,
    "pearson": 1,
    "r2": 1,
    "sparse_kendall": 1,
    "kendall_top": 1,
    "precision_10": 1,
    "precision_5_percent": 1,
    "regret_1": -1,
    "regret_10": -1,
    "log_likelihood": 1,
    "calibration_error": -1,
}
"""Metric -> whether larger (1) or smaller (-1) is better."""

LEVELS: Floats = np.arange(1, 20) / 20
"""[19] levels of the quantiles at which calibration is measured."""

STEP = 1e-3
"""Rounding step of accuracies; for other metrics, the step is this share of the measured range."""
_TOP = 0.1


def measure_prediction(true: Floats, prediction: Prediction, *, step: float = STEP) -> dict[str, float]:
    """Compute every metric; the metrics of uncertainty are nan for a prediction without one.

    Args:
        true: [m] true scores, in random order: equal predictions are ranked in the order of the rows.
        prediction: prediction of the same m architectures.
        step: negligible difference of predictions, in the unit of the scores.
    """
    mean, std = prediction
    uncertain = {"log_likelihood": math.nan, "calibration_error": math.nan}
    if std is not None:
        distance = np.abs(compute_reliability(true, mean, std) - LEVELS)
        uncertain = {"log_likelihood": log_likelihood(true, mean, std), "calibration_error": float(distance.mean())}
    return {
        "kendall": compute_kendall(true, mean),
        "spearman": compute_spearman(true, mean),
        "pearson": _correlate(stats.pearsonr, true, mean),
        "r2": compute_r2(true, mean),
        "sparse_kendall": compute_kendall(true, np.round(mean / step)),
        "kendall_top": _compute_kendall_top(true, mean),
        "precision_10": compute_precision(true, mean, 10),
        "precision_5_percent": compute_precision(true, mean, math.ceil(0.05 * len(true))),
        "regret_1": compute_regret(true, mean, 1),
        "regret_10": compute_regret(true, mean, 10),
        **uncertain,
    }


def compute_kendall(true: Floats, predicted: Floats) -> float:
    """Compute Kendall's tau-b in O(n log n)."""
    # scipy also computes a p-value: the asymptotic one divides by n - 2, and the exact one is slow for large n.
    return _correlate(stats.kendalltau, true, predicted, method="asymptotic" if len(true) > 2 else "auto")


def compute_spearman(true: Floats, predicted: Floats) -> float:
    """Compute Spearman's rank correlation."""
    return _correlate(stats.spearmanr, true, predicted)


def _correlate(function: Callable[..., Any], true: Floats, predicted: Floats, **options: str) -> float:
    if len(true) < 2 or np.ptp(true) == 0:
        return math.nan
    if np.ptp(predicted) <= 1e-13 * np.abs(predicted).max():  # scipy warns if values differ only by rounding
        return 0.0
    return float(function(true, predicted, **options).statistic)


def _compute_kendall_top(true: Floats, predicted: Floats) -> float:
    best = true >= _find_kth(true, math.ceil(_TOP * len(true)))
    return compute_kendall(true[best], predicted[best])


def _find_kth(values: Floats, k: int) -> Any:
    """Return the k-th largest value, or the smallest if there are fewer than k."""
    k = min(k, len(values))
    return np.partition(values, len(values) - k)[len(values) - k]


def compute_r2(true: Floats, predicted: Floats) -> float:
    """Compute R²: one minus the squared error over the squared error of the mean."""
    spread = float(((true - true.mean()) ** 2).sum())
    return 1 - float(((true - predicted) ** 2).sum()) / spread if spread else math.nan


def compute_precision(true: Floats, predicted: Floats, k: int) -> float:
    """Compute the share of the k predicted best that are truly among the k best, ties included."""
    chosen = np.argsort(-predicted, kind="stable")[:k]
    return float((true[chosen] >= _find_kth(true, k)).mean())


def compute_regret(true: Floats, predicted: Floats, k: int) -> float:
    """Compute the best score minus the best score among the k predicted best: the price of training only those."""
    chosen = np.argsort(-predicted, kind="stable")[:k]
    return float(true.max() - true[chosen].max())


def log_likelihood(true: Floats, mean: Floats, std: Floats) -> float:
    """Compute the mean logarithm of the normal density."""
    z = (true - mean) / std
    return float((-0.5 * z**2 - np.log(std)).mean() - 0.5 * math.log(2 * math.pi))


def compute_reliability(true: Floats, mean: Floats, std: Floats) -> Floats:
    """Compute the share of true scores below the predicted quantile of each of ``LEVELS``; ``[19]``."""
    shares: Floats = (true[:, None] <= mean[:, None] + std[:, None] * ndtri(LEVELS)).mean(axis=0)
    return shares
