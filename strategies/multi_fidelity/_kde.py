"""Kernel densities over decisions, as in BOHB: products of Aitchison & Aitken's kernel, averaged over results.

Sources: Aitchison & Aitken 1976, "Multivariate Binary Discrimination by the Kernel Method"; the density of
``statsmodels.nonparametric.KDEMultivariate`` with bandwidths by its rule ``normal_reference``, which hpbandster uses.
"""

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.draws import draw_integers
from nasbench.spaces import SearchSpace

_TOP_PERCENT = 15
_LEAST = 1e-32  # of a density


class KernelDensity:
    """The density of categorical vectors around some of them.

    Args:
        archs: [n, d] the vectors.
        cardinality: [d] choices of each decision.
        min_bandwidth: lower limit of the bandwidth.
        bounded: keep bandwidths below that of the uniform kernel, and count every choice that a decision has. If
            False, as in statsmodels, a bandwidth may exceed 1, which makes the kernel of equal choices negative, and a
            decision has as many choices as occur in the vectors. If a decision is the same in all of them, any other
            choice has infinite density.

    Attributes:
        archs: as given.
        bandwidth: [d] probability that a decision takes another choice.
    """

    def __init__(self, archs: Archs, cardinality: Ints, *, min_bandwidth: float, bounded: bool) -> None:
        n, d = archs.shape
        self.archs = archs
        scatter = 1.06 * archs.std(axis=0) * n ** (-1 / (4 + d))
        self.bandwidth: Floats = np.maximum(scatter, min_bandwidth)
        self._choices: Ints = np.array([len(np.unique(column)) for column in archs.T])
        if bounded:
            self.bandwidth = np.minimum(self.bandwidth, (cardinality - 1) / cardinality)
            self._choices = np.maximum(cardinality, 2)

    def __call__(self, archs: Archs) -> Floats:
        """Return the density of [m, d]; ``[m]``."""
        with np.errstate(divide="ignore", invalid="ignore"):
            other = self.bandwidth / (self._choices - 1)
            kernels = np.where(archs[:, None] == self.archs, 1 - self.bandwidth, other)
            density: Floats = kernels.prod(axis=2).mean(axis=1)
        return density

    def draw(self, n: int, cardinality: Ints, rng: np.random.Generator) -> Archs:
        """Draw ``n`` vectors: pick one of ``archs`` for each, and redraw each decision with its bandwidth."""
        chosen = self.archs[draw_integers(rng, len(self.archs), n)]
        redrawn = (rng.random(chosen.shape) * cardinality).astype(np.int8)
        return np.where(rng.random(chosen.shape) < 1 - self.bandwidth, chosen, redrawn)


def select_most_promising(good: Floats, bad: Floats) -> int | None:
    """Return the candidate that hpbandster would take, by the densities [m]; None where it would take none.

    It looks for the smallest ratio, and stops at a candidate whose density is infinite among the bad only.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        ratio = np.fmax(bad, _LEAST) / np.fmax(good, _LEAST)
    beyond = np.flatnonzero(~np.isfinite(ratio) & np.isfinite(good))
    if len(beyond):
        return int(beyond[0])
    finite = np.isfinite(ratio)
    return int(np.argmin(np.where(finite, ratio, np.inf))) if finite.any() else None


class Densities:
    """The results at each epoch, and the two densities at the largest epoch that has enough of them.

    Args:
        space: where the architectures are from.
        min_bandwidth: lower limit of the bandwidths of the densities.
        bounded: as for ``KernelDensity``.
    """

    def __init__(self, space: SearchSpace, *, min_bandwidth: float, bounded: bool) -> None:
        self._cardinality = space.cardinality
        self._min_bandwidth, self._bounded = min_bandwidth, bounded
        self._least = len(space.cardinality) + 1
        self._results: dict[int, tuple[list[Archs], list[float]]] = {}
        self._fitted: tuple[KernelDensity, KernelDensity] | None = None
        self._at = -np.inf  # epoch of the densities
        self._stale = False

    def learn(self, arch: Archs, epoch: int, score: float) -> None:
        """Add a result; ignore it if it has fewer epochs than those of the densities."""
        if epoch < self._at:
            return
        archs, scores = self._results.setdefault(epoch, ([], []))
        archs.append(arch)
        scores.append(score)
        if len(archs) - self._count_good(len(archs)) >= self._least:
            self._at, self._stale = epoch, True

    def _count_good(self, n: int) -> int:
        return max(self._least, _TOP_PERCENT * n // 100)

    def fit(self) -> tuple[KernelDensity, KernelDensity] | None:
        """Return the densities of the good and of the bad results; None where there are too few results."""
        if self._stale:
            archs, scores = self._results[int(self._at)]
            order = np.argsort(-np.array(scores), kind="stable")
            n_good = self._count_good(len(order))
            n_bad = max(self._least, (100 - _TOP_PERCENT) * len(order) // 100)
            ranked = np.array(archs)[order]
            self._fitted = self._fit_density(ranked[:n_good]), self._fit_density(ranked[n_good : n_good + n_bad])
            self._stale = False
        return self._fitted

    def _fit_density(self, archs: Archs) -> KernelDensity:
        return KernelDensity(archs, self._cardinality, min_bandwidth=self._min_bandwidth, bounded=self._bounded)
