"""Exact Gaussian-process regression: hyperparameters by marginal likelihood, then one Cholesky factor.

Rasmussen & Williams 2006, algorithm 2.1. The kernel, the noise and the mean are those of a GPyTorch model
(``model``); the factor is kept here, so that an observation can be added in O(n^2).
"""

from abc import abstractmethod
from collections.abc import Callable

import numpy as np
import torch
from gpytorch.distributions import MultivariateNormal
from gpytorch.kernels import ScaleKernel
from gpytorch.likelihoods import GaussianLikelihood
from gpytorch.means import ConstantMean
from gpytorch.models import ExactGP
from scipy.optimize import minimize
from torch import Tensor

from nasbench.arrays import Archs, Floats
from nasbench.encodings import make_encoding
from nasbench.errors import PredictorError
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from surrogates._gp._kernels import GroupedKernel
from surrogates._predictor import CheckedPredictor, State

_LEAST_NOISE = 1e-4
_JITTERS = (0.0, 1e-8, 1e-6, 1e-4, 1e-2)
_CHUNK = 4096  # architectures predicted at once
# weak normal priors on the logarithms: centre and width of group scales, signal and noise variance
_PRIORS = {"scales": (0.0, 1.5), "signal": (0.0, 2.0), "noise": (-2.5, 1.0)}


class GaussianProcess(CheckedPredictor):
    """A Gaussian process on an encoding. Sub-classes say which kernel.

    Args:
        space: where the architectures are from.
        encoding: features, see ``nasbench.encodings``.
        target: what is learnt.
        hyper_points: the marginal likelihood is that of so many training points at most, drawn by ``rng``: five
            numbers do not need more, and the cost grows with the cube. All points are conditioned on.
        max_iterations: of the optimiser.
    """

    min_points = 2

    def __init__(
        self, space: SearchSpace, *, encoding: str, target: str, hyper_points: int = 300, max_iterations: int = 40
    ) -> None:
        super().__init__(space, target=target)
        self._encoding = make_encoding(space, encoding)
        self._hyper_points, self._max_iterations = hyper_points, max_iterations

    @abstractmethod
    def _kernel(self, sizes: list[int]) -> GroupedKernel:
        """Return a new kernel for groups of so many columns."""

    def _features(self, archs: Archs) -> Floats:
        """Return what the kernel compares; ``[n, f]``."""
        return self._encoding.encode(archs)

    def _scales(self, features: Floats, sizes: list[int]) -> Floats:
        """Return what each group's columns [f] are divided by, from training features."""
        del sizes
        return np.ones(features.shape[1])

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        self._learn_columns(batch.archs)
        self._value = torch.from_numpy(value)
        x, y = self._x, self._value
        if len(y) > self._hyper_points:
            chosen = torch.from_numpy(np.sort(rng.choice(len(y), self._hyper_points, replace=False)))
            x, y = x[chosen], y[chosen]
        self._hyperparameters = self._most_likely(x, y)
        self._condition_all()

    def _learn_columns(self, archs: Archs) -> None:
        self._encoding.fit(archs)
        groups = self._encoding.groups
        self._order = np.argsort(groups, kind="stable")
        sizes = np.unique(groups, return_counts=True)[1].tolist()
        features = self._features(archs)[:, self._order]
        self._divisor = self._scales(features, sizes)
        self._module = self._kernel(sizes)
        self._x = torch.from_numpy(features / self._divisor)

    def _most_likely(self, x: Tensor, y: Tensor) -> Floats:
        """Return group scales, signal and noise variance, as logarithms, of the highest posterior; ``[g + 2]``."""
        statistics = self._module.statistics(x, x)
        start = np.zeros(len(self._module.sizes) + 2)
        start[-1] = _PRIORS["noise"][0]

        def loss(given: Floats) -> tuple[float, Floats]:
            parameters = torch.from_numpy(given).requires_grad_()
            try:
                value = self._negative_log_posterior(parameters, statistics, y)
            except torch.linalg.LinAlgError:
                return 1e25, np.zeros_like(given)  # the line search steps back
            value.backward()
            return float(value.detach()), parameters.grad.numpy().copy()

        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": self._max_iterations})
        best: Floats = found.x
        return best

    def _negative_log_posterior(self, parameters: Tensor, statistics: tuple[Tensor, ...], y: Tensor) -> Tensor:
        self._set(parameters)
        kernel = torch.exp(parameters[-2]) * self._module.from_statistics(statistics)
        noise = torch.exp(parameters[-1]) + _LEAST_NOISE
        factor = torch.linalg.cholesky(kernel + noise * torch.eye(len(y), dtype=y.dtype))
        weights = torch.cholesky_solve(y[:, None], factor)[:, 0]
        likelihood = y @ weights / 2 + factor.diagonal().log().sum()
        return likelihood + _minus_log_prior(parameters)

    def _set(self, parameters: Tensor) -> None:
        """Give the kernel its group scales, as a plain tensor so that gradients flow to ``parameters``."""
        self._module._parameters.pop("log_scales", None)
        self._module.log_scales = parameters[:-2]

    @property
    def _signal(self) -> float:
        return float(np.exp(self._hyperparameters[-2]))

    @property
    def _noise(self) -> float:
        return float(np.exp(self._hyperparameters[-1])) + _LEAST_NOISE

    def _condition_all(self) -> None:
        self._set(torch.from_numpy(self._hyperparameters))
        with torch.no_grad():
            kernel = self._signal * self._module(self._x, self._x).to_dense()
            self._factor = _cholesky(kernel + self._noise * torch.eye(len(self._x), dtype=torch.float64))
            self._weigh()

    def _weigh(self) -> None:
        self._weights = torch.cholesky_solve(self._value[:, None], self._factor)[:, 0]

    def _predict(self, batch: Batch) -> tuple[Floats, Floats]:
        _, first, back = np.unique(self._encoding.alike(batch.archs), return_index=True, return_inverse=True)
        parts = [self._predict_distinct(batch.archs[first[i : i + _CHUNK]]) for i in range(0, len(first), _CHUNK)]
        mean, std = (np.concatenate(side) for side in zip(*parts, strict=True))
        return mean[back], std[back]

    def _predict_distinct(self, archs: Archs) -> tuple[Floats, Floats]:
        with torch.no_grad():
            query = self._query(archs)
            across = self._signal * self._module.forward(self._x, query)
            explained = torch.linalg.solve_triangular(self._factor, across, upper=False).square().sum(0)
            own = self._signal * self._module.forward(query, query, diag=True)
            variance = (own - explained).clamp_min(0) + self._noise
            return (self._weights @ across).numpy(), variance.sqrt().numpy()

    def _query(self, archs: Archs) -> Tensor:
        return torch.from_numpy(self._features(archs)[:, self._order] / self._divisor)

    def _state(self) -> State:
        return {"hyperparameters": self._hyperparameters}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        self._hyperparameters = state["hyperparameters"]
        self._learn_columns(batch.archs)
        self._value = torch.from_numpy(value)
        self._condition_all()


def _minus_log_prior(parameters: Tensor) -> Tensor:
    centres = torch.zeros(len(parameters), dtype=torch.float64)
    widths = torch.full((len(parameters),), _PRIORS["scales"][1], dtype=torch.float64)
    (centres[-2], widths[-2]), (centres[-1], widths[-1]) = _PRIORS["signal"], _PRIORS["noise"]
    return ((parameters - centres) / widths).square().sum() / 2


def _cholesky(matrix: Tensor) -> Tensor:
    """Factor ``matrix`` [n, n], adding more and more to its diagonal until it is positive definite.

    Raises:
        PredictorError: not even a hundredth of the mean diagonal helps.
    """
    scale = float(matrix.diagonal().mean())
    for jitter in _JITTERS:
        factor, info = torch.linalg.cholesky_ex(matrix + jitter * scale * torch.eye(len(matrix), dtype=matrix.dtype))
        if not int(info):
            return factor
    raise PredictorError(
        f"the kernel matrix of {len(matrix)} architectures is not positive definite, even with "
        f"{_JITTERS[-1]:g} of its mean added to the diagonal"
    )
