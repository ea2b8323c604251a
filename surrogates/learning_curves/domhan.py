"""Learning curves extrapolated as by Domhan et al.: the joint posterior of eleven parametric families, sampled.

Source: Domhan, Springenberg & Hutter 2015, "Speeding up Automatic Hyperparameter Optimization of Deep Neural Networks
by Extrapolation of Learning Curves" (IJCAI). A curve is a weighted sum of one member of each family, with normal
noise. An ensemble of walkers samples weights, parameters and noise. Preset ``lce_m`` holds the four families that
Klein et al. kept in pybnn, as used by White et al. 2021 (arXiv 2104.01177).

Differences: the source's priors are flat within bounds that keep every family increasing. Here they are those that
Adriaensen et al. 2023 state for the same families (arXiv 2310.20447); each parameter is a map of a standard normal
number. The sum must end higher than it starts, and stay within [0, 1] at the first, every seen and the last epoch.
Walkers start at the best-fitting of 4,000 curves drawn from the prior, not in a ball around one fit, so a short chain
is enough: 400 steps of 100 walkers of burn-in, then 20 kept states of 100 walkers, which are 2,000 curves (the source
keeps 2,500 samples of each of 100 walkers). Many curves are sampled at once. Nothing is learnt from other curves.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._curves import CurvePredictor, require_curves
from nasbench.surrogates._curves.combination import Combination
from nasbench.surrogates._curves.families import select_families
from nasbench.surrogates._curves.sampler import sample_walkers

_DRAWN = 4000  # curves drawn from the prior; walkers start at the best-fitting ones
_CHUNK = 8  # curves sampled at once; larger chunks save no further time


class Domhan(CurvePredictor):
    """The posterior of a weighted sum of parametric families.

    Args:
        space: the search space of the architectures; not used otherwise.
        families: names joined by ``+``; empty for all eleven.
        walkers: an even number; at least twice the number of parameters for good sampling.
        burn_in: steps of each walker that are discarded.
        keep_every: steps between two kept states of all walkers.
        samples: number of curves drawn from the posterior.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"lce_m": {"families": "mmf+loglog_linear+dr_hill+log_power"}}

    def __init__(
        self,
        space: SearchSpace,
        *,
        families: str = "",
        walkers: int = 100,
        burn_in: int = 400,
        keep_every: int = 5,
        samples: int = 2000,
    ) -> None:
        super().__init__(space)
        if walkers < 4 or walkers % 2 or burn_in < 0 or keep_every < 1 or samples < walkers or walkers > _DRAWN:
            raise InvalidOption(
                f"walkers={walkers}, burn_in={burn_in}, keep_every={keep_every}, samples={samples}; expected an even "
                f"number of walkers from 4 to {_DRAWN}, burn_in from 0, keep_every from 1, samples from walkers"
            )
        self._prior = Combination(select_families(families), normalised=True)
        self._walkers, self._burn_in, self._keep_every, self._samples = walkers, burn_in, keep_every, samples

    def _learn(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        del batch, value
        self._seed = int(rng.integers(2**63))
        self._start = self._prior.sample(_DRAWN, np.arange(1.0, self._horizon + 1), np.random.default_rng(self._seed))

    def _extrapolate(self, batch: Batch) -> tuple[Floats, Floats]:
        curves = require_curves(batch)
        mean, std = np.empty(len(curves)), np.empty(len(curves))
        for rows, epochs in _group_by_epochs(curves):
            coordinates = self.posterior(curves[np.ix_(rows, epochs - 1)], epochs)
            ends = self._prior.curves(coordinates, np.array([float(self._horizon)]))[..., 0]
            mean[rows] = ends.mean(axis=1)
            std[rows] = np.sqrt(ends.var(axis=1) + (self._prior.noise(coordinates) ** 2).mean(axis=1))
        return mean, std

    def posterior(self, values: Floats, epochs: Ints) -> Floats:
        """Return coordinates ``[c, samples, size]`` of posterior curves given values [c, e] at epochs [e]."""
        x = np.concatenate([[1], epochs, [self._horizon]]).astype(np.float64)

        def log_density(coordinates: Floats) -> Floats:
            drawn = self._prior.curves(coordinates, x)
            likelihood = _compute_log_likelihood(drawn[..., 1:-1], self._prior.noise(coordinates), values[:, None])
            prior = -0.5 * np.einsum("cwd,cwd->cw", coordinates, coordinates)
            with np.errstate(invalid="ignore"):
                return np.where(self._prior.allowed(drawn), prior + likelihood, -np.inf)

        kept = -(-self._samples // self._walkers)
        steps = self._burn_in + kept * self._keep_every
        chain = sample_walkers(log_density, self._find_starts(values, epochs), steps, np.random.default_rng(self._seed))
        states = [
            walkers.copy()
            for step, walkers in enumerate(chain, 1 - self._burn_in)
            if step > 0 and step % self._keep_every == 0
        ]
        return np.concatenate(states, axis=1)[:, : self._samples]

    def _find_starts(self, values: Floats, epochs: Ints) -> Floats:
        """Return ``[c, walkers, size]`` the best-fitting coordinates among the samples of the prior."""
        coordinates, curves = self._start
        noise = self._prior.noise(coordinates)
        return np.stack([self._find_best(_compute_log_likelihood(curves[:, epochs - 1], noise, own)) for own in values])

    def _find_best(self, likelihood: Floats) -> Floats:
        best: Floats = self._start[0][np.argsort(-likelihood, kind="stable")[: self._walkers]]
        return best


def _compute_log_likelihood(curves: Floats, noise: Floats, values: Floats) -> Floats:
    """Return ``[...]`` the log likelihood of values [..., e] under curves [..., e], up to a constant.

    Args:
        curves: [..., e] noiseless curves.
        noise: [...] standard deviation of the noise.
        values: [..., e] observed values.
    """
    off = (curves - values) / noise[..., None]
    return np.asarray(-0.5 * np.einsum("...e,...e->...", off, off) - curves.shape[-1] * np.log(noise))


def _group_by_epochs(curves: Floats) -> Iterator[tuple[Ints, Ints]]:
    """Yield groups of rows with the same seen epochs, and these epochs, 1-based."""
    patterns, which = np.unique(~np.isnan(curves), axis=0, return_inverse=True)
    for i, pattern in enumerate(patterns):
        rows = np.flatnonzero(which.reshape(-1) == i)
        for first in range(0, len(rows), _CHUNK):
            yield rows[first : first + _CHUNK], np.flatnonzero(pattern) + 1
