"""Yuen's test between contestants on one task: whether their true interquartile means differ.

The test (Yuen 1974, Biometrika 61) is that of Welch with trimmed means and winsorized variances.
"""

import numpy as np
from scipy import stats

from nasbench.arrays import Floats
from nasbench.statistics.intervals import LEAST_RUNS, TRIMMED
from nasbench.statistics.pairs import make_unknown_pairs


def compare_interquartile_means(values: Floats) -> Floats:
    """Compute unadjusted p-values between all contestants by Yuen's test; variances may be unequal.

    Args:
        values: [contestants, runs].

    Returns:
        ``[contestants, contestants]``, 1 on the diagonal; nan for fewer than ``LEAST_RUNS`` runs, and where the middle
        halves of both contestants are constant.
    """
    n, runs = values.shape
    if runs < LEAST_RUNS:
        return make_unknown_pairs(n)
    cut = int(TRIMMED * runs)
    ordered, kept = np.sort(values, axis=1), runs - 2 * cut
    middle = ordered[:, cut : runs - cut].mean(axis=1)
    winsorized = ordered.clip(ordered[:, [cut]], ordered[:, [runs - cut - 1]])
    squared = winsorized.var(axis=1, ddof=1) * (runs - 1) / (kept * (kept - 1))  # squared standard errors
    both = squared[:, None] + squared
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = (kept - 1) * both**2 / (squared[:, None] ** 2 + squared**2)
        p = 2 * stats.t.sf(np.abs(middle[:, None] - middle) / np.sqrt(both), freedom)
    return np.where(np.eye(n, dtype=bool), 1.0, np.where(both > 0, p, np.nan))
