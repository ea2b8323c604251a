"""Draws that take one uniform number for each result, so that a stream moves by a known number of steps.

numpy's ``integers``, ``permutation`` and ``standard_normal`` reject some numbers: how far the stream moves then depends
on what it held. With one uniform number a result, the draws of many runs can be made together: a matrix ``[runs, n]``
holds the next numbers of each run's own generator, and the results are the same bits as run by run.
"""

import numpy as np
from scipy.special import ndtri

from nasbench.arrays import Floats, Ints


def draw_integers(rng: np.random.Generator, high: int, shape: int | tuple[int, ...]) -> Ints:
    """Return uniform integers in [0, ``high``); ``shape``."""
    return (rng.random(shape) * high).astype(np.int64)


def draw_permutation(rng: np.random.Generator, n: int) -> Ints:
    """Return the numbers 0 to n - 1 in random order; ``[n]``."""
    return np.argsort(rng.random(n), kind="stable")


def draw_normals(rng: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
    """Return standard normal numbers by inverting their distribution; ``shape``."""
    normals: Floats = ndtri(np.maximum(rng.random(shape), 2.0**-54))  # 0 would be infinitely far down
    return normals
