"""Matrices of p-values between all pairs of contestants: symmetric, 1 on the diagonal."""

import numpy as np

from nasbench.arrays import Floats


def fill_pairs(values: Floats, n: int) -> Floats:
    """Return the matrix [n, n] of the values of all pairs, in the order of ``np.triu_indices(n, k=1)``."""
    matrix = np.ones((n, n))
    i, j = np.triu_indices(n, k=1)
    matrix[i, j] = matrix[j, i] = values
    return matrix


def make_unknown_pairs(n: int) -> Floats:
    """Return the matrix [n, n] of pairs that were not tested: nan."""
    return fill_pairs(np.full(n * (n - 1) // 2, np.nan), n)
