"""Densities of configurations with numbers on a scale, as in the Tree-structured Parzen Estimator.

A number has a mixture of normal densities in the unit interval of its scale: one around each observation, as wide as
the larger gap to its neighbours, and a wide one in the middle as prior (Bergstra, Bardenet, Bengio & Kegl 2011, section
4.2), with the limits of Optuna's univariate estimator. A listed decision has counts. Only
active decisions are observed, drawn and compared.
"""

import numpy as np
from scipy.special import logsumexp, ndtr, ndtri

from nasbench.arrays import Archs, Floats
from nasbench.spaces import SearchSpace

_MOST_KERNELS = 100  # a width is at least that of the prior divided by this
_ROOT = 0.5 * np.log(2 * np.pi)


class NumberDensity:
    """The density of one number on its scale, from 0 to 1.

    Args:
        positions: [n] observations.
        prior_weight: weight of the prior relative to one observation.
    """

    def __init__(self, positions: Floats, prior_weight: float) -> None:
        order, n = np.argsort(positions, kind="stable"), len(positions)
        gaps = np.diff(positions[order], prepend=0.0, append=1.0)
        if n > 1:  # the outermost ones have one neighbour
            gaps[[0, -1]] = gaps[[1, -2]]
        widths = np.ones(n + 1)
        widths[order] = np.clip(np.maximum(gaps[:-1], gaps[1:]), 1.0 / min(_MOST_KERNELS, n + 2), 1.0)
        centres = np.append(positions, 0.5)
        weights = np.append(np.ones(len(positions)), prior_weight)
        self._centres, self._widths, self._weights = centres, widths, weights / weights.sum()
        self._low, self._high = ndtr((0.0 - centres) / widths), ndtr((1.0 - centres) / widths)

    def draw(self, uniform: Floats) -> Floats:
        """Return a position for each pair of uniform numbers [m, 2]; ``[m]``."""
        kernel = np.searchsorted(np.cumsum(self._weights)[:-1], uniform[:, 0], "right")
        low, high = self._low[kernel], self._high[kernel]
        drawn = self._centres[kernel] + self._widths[kernel] * ndtri(low + uniform[:, 1] * (high - low))
        return np.asarray(np.clip(drawn, 0.0, 1.0))

    def compute_log(self, positions: Floats) -> Floats:
        """Return the logarithm of the density; ``[m]``."""
        z = (positions[:, None] - self._centres) / self._widths
        mass = np.log(self._high - self._low)
        logs = np.log(self._weights) - z**2 / 2 - _ROOT - np.log(self._widths) - mass
        return np.asarray(logsumexp(logs, axis=1))


class MixedDensity:
    """A product of independent densities of the active decisions.

    Args:
        space: a space with rows of floats.
        archs: [n, d] observed configurations.
        pseudo_counts: [d] added to the count of every choice of a listed decision.
        prior_weight: weight of a number's prior relative to one observation.
    """

    def __init__(self, space: SearchSpace, archs: Archs, *, pseudo_counts: Floats, prior_weight: float) -> None:
        self._space, positions, active = space, space.measure(archs), space.find_active(archs)
        self._parts: list[NumberDensity | Floats] = []
        for at, is_number in enumerate(space.is_number.tolist()):
            seen = active[:, at]
            if is_number:
                self._parts.append(NumberDensity(positions[seen, at], prior_weight))
                continue
            digits = archs[seen, at].astype(np.int64)
            counts = np.bincount(digits, minlength=int(space.cardinality[at])) + pseudo_counts[at]
            self._parts.append(counts / counts.sum())

    def draw(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw ``n`` configurations; ``[n, d]``."""
        uniform = rng.random((n, len(self._parts), 2))
        positions = np.empty((n, len(self._parts)))
        for at, part in enumerate(self._parts):
            if isinstance(part, NumberDensity):
                positions[:, at] = part.draw(uniform[:, at])
            else:
                digits = np.searchsorted(np.cumsum(part)[:-1], uniform[:, at, 0], "right")
                positions[:, at] = (digits + 0.5) / len(part)
        return self._space.place(positions)

    def compute_log(self, archs: Archs) -> Floats:
        """Return the logarithm of the density of configurations [m, d]; ``[m]``."""
        positions, active, total = self._space.measure(archs), self._space.find_active(archs), np.zeros(len(archs))
        for at, part in enumerate(self._parts):
            if isinstance(part, NumberDensity):
                own = part.compute_log(positions[:, at])
            else:
                own = np.log(part[archs[:, at].astype(np.int64)])
            total += np.where(active[:, at], own, 0.0)
        return total
