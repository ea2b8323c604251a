"""Weighted sums of parametric families with noise: a prior over learning curves, in standard normal coordinates."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from nasbench.arrays import Bools, Floats
from nasbench.surrogates._curves.families import FAMILIES

_LOG_NOISE = (-4.0, 1.0)  # mean and width of the logarithm of the noise's standard deviation, as in ``lcpfn``
_DRAWN = 20_000  # curves drawn at once in rejection sampling


class Combination:
    """A curve is the weighted sum of one member of each family, observed with normal noise of one standard deviation.

    All curves are functions of ``size`` numbers that are standard normal before the constraint: weights, each family's
    parameters, noise. The constraint of Domhan et al. 2015 and Adriaensen et al. 2023: the curve lies within [0, 1]
    and ends higher than it starts.

    Args:
        families: names.
        normalised: divide the weights by their sum, as Domhan et al. do. Otherwise they are uniform in [0, 1], as in
            LC-PFN.
    """

    def __init__(self, families: Sequence[str], *, normalised: bool) -> None:
        self._families = [FAMILIES[name] for name in families]
        self._normalised = normalised
        self.size = len(self._families) + sum(len(family.priors) for family in self._families) + 1

    def curves(self, coordinates: Floats, x: Floats) -> Floats:
        """Return the noiseless curves ``[..., t]`` of coordinates [..., size] at epochs [t]."""
        used = len(self._families)
        weights = ndtr(coordinates[..., :used])
        if self._normalised:
            weights = weights / weights.sum(axis=-1, keepdims=True)
        total = np.zeros((*coordinates.shape[:-1], len(x)))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for i, family in enumerate(self._families):
                own = coordinates[..., used : used + len(family.priors)]
                parameters = (prior(own[..., j, None]) for j, prior in enumerate(family.priors.values()))
                total += weights[..., i, None] * family.curve(x, *parameters)
                used += len(family.priors)
        return total

    def noise(self, coordinates: Floats) -> Floats:
        """Return the standard deviation ``[...]`` of the noise."""
        mean, width = _LOG_NOISE
        std: Floats = np.exp(mean + width * coordinates[..., -1])
        return std

    @staticmethod
    def allowed(curves: Floats) -> Bools:
        """Return ``[...]`` whether curves [..., t], with the first and the last epoch, satisfy the constraint."""
        inside: Bools = (curves >= 0).all(axis=-1) & (curves <= 1).all(axis=-1) & (curves[..., -1] > curves[..., 0])
        return inside

    def sample(self, n: int, x: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw from the prior; return coordinates ``[n, size]`` and noiseless curves ``[n, t]`` at epochs [t]."""
        found: list[tuple[Floats, Floats]] = []
        while sum(len(part) for part, _ in found) < n:
            coordinates = rng.standard_normal((_DRAWN, self.size))
            ends = self.allowed(self.curves(coordinates, x[[0, -1]]))  # most curves fail here already
            curves = self.curves(coordinates[ends], x)
            kept = self.allowed(curves)
            found.append((coordinates[ends][kept], curves[kept]))
        coordinates, curves = (np.concatenate(parts)[:n] for parts in zip(*found, strict=True))
        return coordinates, curves
