"""Gaussian process of an optimal-transport distance between architectures (NASBOT).

Source: Kandasamy, Neiswanger, Schneider, Poczos & Xing 2018, "Neural Architecture Search with Bayesian Optimisation
and Optimal Transport", arXiv 1802.07191, and the authors' code (kirthevasank/nasbot). The distance, OTMANN, moves the
mass of layers. The cost is the mismatch of their labels plus a weight times the mean difference of their shortest,
longest and random-walk path lengths to input and output. Let d be the distances for the weights 0.1, 0.2, 0.4 and 0.8,
and e the same distances divided by the total mass. The kernel is a exp(-sum b_i d_i) + c exp(-sum g_i e_i^2). It is
not positive definite; negative eigenvalues of the training matrix are set to zero, as in the source.

What differs: cells have no widths, so all layers have the same mass, and the transport is an assignment problem that
is solved exactly. Dead vertices and identities are not layers. Labels that the paper does not know (neither
convolution nor pooling) mismatch at 0.25, its cost for activations. The component of a new architecture along the
removed eigenvectors is removed too (Chen et al. 2009, "Similarity-based Classification": spectrum clip). Otherwise it
would be divided by the noise alone, and Kendall's tau would fall as points are added. Weak priors on the logarithms
replace bounds, and gradients replace a search. Benchmarks of cells have also called "NASBOT" the sum of differences of
sorted degrees and operation counts (White et al. 2021, arXiv 1910.11858); this module implements the published
distance.

Architectures with equal layers are compared only once. A kernel of features is much faster.
"""

import numpy as np
import torch
from torch import Tensor

from nasbench.arrays import Archs, Floats, Ints
from nasbench.errors import InvalidOption
from nasbench.options import FromTwo, Whole
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._gp.lbfgs import minimize_lbfgs
from nasbench.surrogates._gp.otmann import (
    OtmannLayers,
    compute_distances,
    compute_label_penalties,
    compute_total_mass,
    extract_layers,
)
from nasbench.surrogates._gp.posterior import GPPosterior, compute_clipped_likelihood
from nasbench.surrogates._predictor import CheckedPredictor, State

REQUIRES = {"torch": "gp", "gpytorch": "gp"}

_LEAST_NOISE = 1e-4
_CHUNK = 256  # architectures predicted at once; memory grows with their pairs with training points
# weak normal priors (centre, width) on the logarithms of rates (relative to mean distances), variances and noise
_PRIOR_RATES, _PRIOR_SIGNALS, _PRIOR_NOISE = (-1.5, 1.5), (-0.7, 2.0), (-2.5, 1.0)


class NasbotGP(CheckedPredictor):
    """Sum of exponentials of OTMANN distances.

    Args:
        space: the search space of the architectures.
        target: what the predictor learns: ``rank``, ``score`` or ``log_error``.
        structure: weights of the structural penalty, separated by ``-``.
        hyper_points: largest number of training points that the hyperparameters are fitted to, drawn by ``rng``.
        max_iterations: largest number of iterations of the optimiser.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        target: str = "rank",
        structure: str = "0.1-0.2-0.4-0.8",
        hyper_points: FromTwo = 300,
        max_iterations: Whole = 40,
    ) -> None:
        super().__init__(space, target=target)
        self._weights = _parse_structure(structure)
        self._hyper_points, self._max_iterations = hyper_points, max_iterations
        names = space.graphs(space.sample(1, np.random.default_rng(0))).vocabulary
        self._penalty = compute_label_penalties(names)[1]

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        self._learn_distances(batch.archs)
        chosen = np.sort(rng.permutation(len(value))[: self._hyper_points])
        apart = self._apart[:, chosen[:, None], chosen]
        self._parameters = self._find_most_likely(apart, torch.from_numpy(value[chosen]))
        self._fit_posterior(value)

    def _learn_distances(self, archs: Archs) -> None:
        self._cells = extract_layers(self._space, archs)
        apart = self._compute_distances(self._cells, self._cells)
        mean = apart.mean(axis=(1, 2), keepdims=True)
        self._units = np.where(mean > 0, mean, 1.0)
        self._apart = torch.from_numpy(apart / self._units)

    def _compute_distances(self, x: OtmannLayers, y: OtmannLayers) -> Floats:
        """Return distances and the squares of normalised distances; ``[2 k, n, m]``."""
        plain = compute_distances(x, y, self._penalty, self._weights)
        mass = compute_total_mass(x)[:, None] + compute_total_mass(y)
        return np.concatenate([plain, (plain / np.where(mass > 0, mass, 1.0)) ** 2])

    def _make_kernel(self, parameters: Tensor, apart: Tensor) -> Tensor:
        """Return the covariance [n, m] of distances [2 k, n, m].

        Args:
            parameters: logarithms of rates [2 k], of variances [2] and of the noise.
            apart: the distances.
        """
        k = len(self._weights)
        rates, signals = parameters[: 2 * k].exp(), parameters[2 * k : 2 * k + 2].exp()
        plain = torch.exp(-torch.tensordot(rates[:k], apart[:k], dims=1))
        return signals[0] * plain + signals[1] * torch.exp(-torch.tensordot(rates[k:], apart[k:], dims=1))

    def _find_most_likely(self, apart: Tensor, y: Tensor) -> Tensor:
        """Return ``[2 k + 3]`` the parameters that maximise the posterior."""
        centre, width = self._compute_prior()

        def loss(parameters: Tensor) -> Tensor:
            noise = parameters[-1].exp() + _LEAST_NOISE
            value = compute_clipped_likelihood(self._make_kernel(parameters, apart), y, noise)
            return ((parameters - centre) / width).square().sum() / 2 - value

        return torch.from_numpy(minimize_lbfgs(loss, centre.numpy(), self._max_iterations))

    def _compute_prior(self) -> tuple[Tensor, Tensor]:
        each = [_PRIOR_RATES] * (2 * len(self._weights)) + [_PRIOR_SIGNALS] * 2 + [_PRIOR_NOISE]
        centre, width = torch.tensor(each, dtype=torch.float64).T
        return centre, width

    def _fit_posterior(self, value: Floats) -> None:
        kernel = self._make_kernel(self._parameters, self._apart)
        values, vectors = torch.linalg.eigh(kernel)
        self._span = vectors[:, values > 0]
        positive = (self._span * values[values > 0]) @ self._span.mT
        noise = self._parameters[-1].exp().item() + _LEAST_NOISE
        self._posterior = GPPosterior(positive, torch.from_numpy(value), noise)

    def _predict(self, batch: Batch) -> tuple[Floats, Floats]:
        asked = extract_layers(self._space, batch.archs)
        first, back = _find_distinct(asked)
        parts = [self._answer(asked.take(first[i : i + _CHUNK])) for i in range(0, len(first), _CHUNK)]
        mean, std = (torch.cat(side).numpy() for side in zip(*parts, strict=True))
        return mean[back], std[back]

    def _answer(self, asked: OtmannLayers) -> tuple[Tensor, Tensor]:
        apart = torch.from_numpy(self._compute_distances(asked, self._cells) / self._units)
        prior = self._parameters[-3:-1].exp().sum().expand(len(asked.counts))
        across = self._make_kernel(self._parameters, apart) @ self._span @ self._span.mT
        return self._posterior.predict(across, prior)

    def _state(self) -> State:
        return {"parameters": self._parameters.numpy()}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        self._parameters = torch.from_numpy(np.array(state["parameters"]))
        self._learn_distances(batch.archs)
        self._fit_posterior(value)


def _parse_structure(structure: str) -> tuple[float, ...]:
    try:
        return tuple(float(weight) for weight in structure.split("-"))
    except ValueError as error:
        raise InvalidOption(
            f"structure is {structure!r}; expected numbers separated by '-', such as '0.1-0.2-0.4-0.8'"
        ) from error


def _find_distinct(x: OtmannLayers) -> tuple[Ints, Ints]:
    """Return rows [k] with different layers, and for each row [n] its position among them."""
    parts = [part.reshape(len(x.counts), -1).astype(np.float64) for part in x]
    _, first, back = np.unique(np.concatenate(parts, axis=1), axis=0, return_index=True, return_inverse=True)
    return first, back.ravel()
