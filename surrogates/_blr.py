"""Bayesian linear regression: weights integrated out in closed form, the two precisions maximised or sampled.

Source: Bishop 2006, Pattern Recognition and Machine Learning, sections 3.3 and 3.5. Values are ``x w`` plus noise of
precision beta; each weight is normal with precision alpha. Columns and values are centred, which corresponds to a flat
prior on the intercept. The main cost is one singular value decomposition. After it, the evidence of any (alpha, beta)
is a sum over singular values, computed for many pairs at once.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from nasbench.arrays import Floats
from nasbench.errors import InvalidOption

_BOUND = 10.0  # bound on the logarithms of alpha and the noise variance; values have unit variance
_GRID = np.linspace(-_BOUND, _BOUND, 41)
_STRETCH = 2.0
_CHUNK = 4096  # rows predicted at once


class Sampling(NamedTuple):
    """How precisions are drawn from their posterior.

    Attributes:
        walkers: number of chains that move together; the last position of each is kept.
        burn_in: moves of each chain that are discarded.
        length: moves of each chain after those.
    """

    walkers: int = 20
    burn_in: int = 2000
    length: int = 2000

    def checked(self) -> "Sampling":
        """Return this object after checking it.

        Raises:
            InvalidOption: the number of walkers is odd or below 4, or a number of moves is negative.
        """
        if self.walkers < 4 or self.walkers % 2 or min(self.burn_in, self.length) < 0:
            raise InvalidOption(
                f"walkers={self.walkers}, burn_in={self.burn_in}, length={self.length}; expected an even number "
                "of walkers from 4, and non-negative numbers of moves"
            )
        return self


class LinearPosterior:
    """The posterior of the weights given n observations.

    Args:
        x: [n, f] features.
        value: [n] observations.
    """

    def __init__(self, x: Floats, value: Floats) -> None:
        self._centre, self._offset = x.mean(axis=0), float(value.mean())
        value = value - self._offset
        left, singular, right = np.linalg.svd(x - self._centre, full_matrices=False)
        kept = singular > 1e-10 * singular.max(initial=1e-300)
        self._singular, self._right = singular[kept], right[kept]
        self._projected = left[:, kept].T @ value
        self._unexplained = max(float(value @ value - self._projected @ self._projected), 0.0)
        self._n, self._f = x.shape

    def evidence(self, logs: Floats) -> Floats:
        """Return the log marginal likelihood [m] for logarithms [m, 2] of alpha and of the noise variance.

        Bishop's equation 3.86, in the basis of the singular vectors.
        """
        alpha, beta = np.exp(logs[:, :1]), np.exp(-logs[:, 1:])
        signal = beta * self._singular**2
        precision = alpha + signal
        misfit = (beta[:, 0] * self._unexplained) + (beta * alpha / precision * self._projected**2).sum(axis=1)
        determinant = np.log1p(signal / alpha).sum(axis=1)
        value: Floats = (-self._n * (logs[:, 1] + np.log(2 * np.pi)) - misfit - determinant) / 2
        return value

    def find_most_likely(self) -> Floats:
        """Return the logarithms [1, 2] of the highest evidence: the best point of a grid, refined by L-BFGS."""
        grid = np.stack(np.meshgrid(_GRID, _GRID, indexing="ij"), axis=-1).reshape(-1, 2)
        start = grid[np.argmax(self.evidence(grid))]
        bounds = [(-_BOUND, _BOUND)] * 2
        found = minimize(lambda at: -self.evidence(at[None])[0], start, method="L-BFGS-B", bounds=bounds, tol=1e-12)
        best: Floats = found.x[None]
        return best

    def draw_samples(self, sampling: Sampling, rng: np.random.Generator) -> Floats:
        """Return logarithms [walkers, 2] drawn in proportion to the evidence, with a flat prior within +-10.

        This is the stretch move of Goodman & Weare 2010 (the sampler of emcee). The two halves of the walkers take
        turns: each walker moves along the line to a walker of the other half.
        """
        half = sampling.walkers // 2
        at = rng.normal((0.0, -3.0), 1.0, size=(sampling.walkers, 2))
        height = self.evidence(at)
        for move in range(2 * (sampling.burn_in + sampling.length)):
            own, others = (slice(half), slice(half, None)) if move % 2 == 0 else (slice(half, None), slice(half))
            partner = at[others][rng.integers(half, size=half)]
            stretch = ((_STRETCH - 1) * rng.random(half) + 1) ** 2 / _STRETCH
            proposal = partner + stretch[:, None] * (at[own] - partner)
            inside = (np.abs(proposal) <= _BOUND).all(axis=1)
            there = np.where(inside, self.evidence(proposal.clip(-_BOUND, _BOUND)), -np.inf)
            taken = np.log(rng.random(half)) < np.log(stretch) + there - height[own]  # stretch**(2 dimensions - 1)
            at[own] = np.where(taken[:, None], proposal, at[own])
            height[own] = np.where(taken, there, height[own])
        return at

    def predict(self, x: Floats, logs: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of new observations [m], averaged over precisions.

        Args:
            x: [m, f] features.
            logs: [s, 2] logarithms of alpha and of the noise variance.
        """
        parts = [self._predict(x[first : first + _CHUNK], logs) for first in range(0, len(x), _CHUNK)]
        mean, std = (np.concatenate(side) for side in zip(*parts, strict=True))
        return mean, std

    def _predict(self, x: Floats, logs: Floats) -> tuple[Floats, Floats]:
        """Apply Bishop's equations 3.58 and 3.59 for each precision, then return the moments of the mixture."""
        x = x - self._centre
        # einsum, because a matrix product may round a row differently in a batch of another size
        along = np.einsum("mf,rf->mr", x, self._right)
        beyond = (np.einsum("mf,mf->m", x, x) - np.einsum("mr,mr->m", along, along)).clip(min=0)
        alpha, noise = np.exp(logs).T
        precision = alpha[:, None] + self._singular**2 / noise[:, None]
        weights = self._singular * self._projected / noise[:, None] / precision
        means = np.einsum("mr,sr->sm", along, weights)
        variances = noise[:, None] + np.einsum("mr,sr->sm", along**2, 1 / precision) + beyond / alpha[:, None]
        mean = means.mean(axis=0)
        variance = variances.mean(axis=0) + ((means - mean) ** 2).mean(axis=0)
        return mean + self._offset, np.sqrt(variance)
