"""Exact Gaussian-process regression: hyperparameters by marginal likelihood, then one Cholesky factor.

Rasmussen & Williams 2006, algorithm 2.1. Kernel, noise and mean are those of a GPyTorch model (``model``). The factor
is stored here, so that adding an observation costs O(n^2).
"""

from abc import abstractmethod
from dataclasses import InitVar, dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from gpytorch.constraints import GreaterThan
from gpytorch.distributions import MultivariateNormal
from gpytorch.kernels import Kernel, ScaleKernel
from gpytorch.likelihoods import GaussianLikelihood
from gpytorch.means import ZeroMean
from gpytorch.models import ExactGP
from scipy.sparse import csr_array
from torch import Tensor

from nasbench.arrays import Archs, Floats, Ints
from nasbench.encodings import make_encoding
from nasbench.errors import PredictorError
from nasbench.options import FromTwo, Whole, check_fields
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._gp.kernels import GroupedKernel, Products
from nasbench.surrogates._gp.lbfgs import minimize_lbfgs
from nasbench.surrogates._predictor import CheckedPredictor, State
from nasbench.surrogates._tabular import choose_encoding
from nasbench.surrogates._targets import find_target

LEAST_NOISE = 1e-4
_JITTERS = (0.0, 1e-8, 1e-6, 1e-4, 1e-2)
_CHUNK = 4096  # architectures predicted at once
_FEW_GROUPS = 8
ENOUGH = 1e-3  # relative gain at which the optimiser stops: a tenth of a nat, too small to affect predictions
# weak normal priors (centre, width) on the logarithms of group scales, signal variance and noise variance
_PRIORS = {"scales": (0.0, 1.5), "signal": (0.0, 2.0), "noise": (-2.5, 1.0)}


@dataclass(kw_only=True, eq=False)
class GaussianProcess(CheckedPredictor):
    """A Gaussian process on an encoding, configured by its fields. Subclasses define the kernel.

    Args:
        space: the search space of the architectures.
        encoding: features, see ``nasbench.encodings``.
        target: what the predictor learns: ``rank``, ``score`` or ``log_error``.
        hyper_points: largest number of training points in the marginal likelihood, drawn by ``rng``. A handful of
            hyperparameters does not need more points, and the cost grows with their cube. The posterior uses all
            points.
        max_iterations: largest number of iterations of the optimiser.
    """

    min_points: ClassVar[int] = 2

    space: InitVar[SearchSpace] = field(kw_only=False)
    encoding: str
    target: str = "rank"
    hyper_points: FromTwo = 300
    max_iterations: Whole = 40

    def __post_init__(self, space: SearchSpace) -> None:
        """Check the options, and create the encoding."""
        check_fields(self)
        super().__init__(space, target=self.target)
        self._encoding = make_encoding(space, self._choose_encoding())
        self._grew = False  # whether observations were added after the factorisation

    def _choose_encoding(self) -> str:
        """Return the label of the encoding: the option, unless a subclass composes it from other options."""
        return choose_encoding(self._space, self.encoding)

    @abstractmethod
    def _make_kernel(self, sizes: list[int]) -> GroupedKernel:
        """Return a new kernel for groups with these numbers of columns."""

    def _transform_counts(self, counts: Floats) -> Floats:
        """Return the transformed features that the kernel compares; zero must stay zero."""
        return counts

    def _compute_lengths(self, features: Floats, groups: Ints) -> Floats:
        """Return ``[g]`` the divisors of the columns of each group, from training features [n, f]."""
        del features, groups
        return np.ones(self._encoding.n_groups)

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        self._learn_columns(batch.archs)
        self._units = np.ones(self._encoding.n_groups)
        self._units = self._compute_lengths(self._compute_features(batch.archs).toarray(), self._groups)
        x, y = self.features(batch.archs), torch.from_numpy(value)
        if len(y) > self.hyper_points:
            chosen = torch.from_numpy(np.sort(rng.choice(len(y), self.hyper_points, replace=False)))
            x, y = x[chosen], y[chosen]
        self._hyperparameters = self._find_most_likely(x, y)
        self._fit_posterior(batch.archs, value)

    def _learn_columns(self, archs: Archs) -> None:
        self._encoding.fit(archs)
        order = np.argsort(self._encoding.groups, kind="stable")
        self._groups = self._encoding.groups[order]
        self._place = np.argsort(order).astype(np.int32)  # new position of each column of the encoding, sorted by group
        self._module = self._make_kernel(np.bincount(self._groups, minlength=self._encoding.n_groups).tolist())

    def _compute_features(self, archs: Archs) -> Any:
        """Return the features that the kernel compares; ``[n, f]``, sparse."""
        features = self._encoding.sparse(archs)
        columns = self._place[features.indices]
        data = self._transform_counts(features.data) / self._units[self._groups[columns]]
        return csr_array((data, columns, features.indptr), shape=features.shape)

    def _scale_features(self, archs: Archs) -> Any:
        """Return features times the factors of their groups; ``[n, f]``, sparse."""
        features = self._compute_features(archs)
        features.data *= self._module.column_factors.detach().numpy()[features.indices]
        return features

    def _find_most_likely(self, x: Tensor, y: Tensor) -> Floats:
        """Return ``[g + 2]`` logarithms of group scales, signal and noise variance that maximise the posterior."""
        known = self._module.compute_by_group(x)
        return minimize_lbfgs(
            lambda given: self._compute_negative_log_posterior(given, known, y),
            self._make_start(),
            self.max_iterations,
            gain=ENOUGH,
        )

    def _make_start(self) -> Floats:
        """Return the starting point ``[g + 2]`` of the hyperparameter search."""
        start = np.zeros(len(self._module.log_scales) + 2)
        start[-1] = _PRIORS["noise"][0]
        return start

    def _compute_negative_log_posterior(self, parameters: Tensor, known: Any, y: Tensor) -> Tensor:
        kernel = self._module.compute_from_groups(known, parameters[:-2])
        signal, noise = torch.exp(parameters[-2]), torch.exp(parameters[-1]) + LEAST_NOISE
        loss: Tensor = NegativeLogLikelihood.apply(kernel, signal, noise, y)
        return loss + compute_minus_log_prior(parameters)

    @property
    def _signal(self) -> float:
        return float(np.exp(self._hyperparameters[-2]))

    @property
    def _noise(self) -> float:
        return float(np.exp(self._hyperparameters[-1])) + LEAST_NOISE

    def _fit_posterior(self, archs: Archs, value: Floats) -> None:
        self._set_architectures(archs)
        covariance = self._compute_training_covariance()
        noise = self._noise * torch.eye(len(covariance), dtype=torch.float64)
        self._jitter, self._factor = _factor_cholesky(covariance + noise)
        self._grew = False
        self._compute_weights(value)

    def _compute_training_covariance(self) -> Tensor:
        """Return the prior covariance of the training points; ``[n, n]``."""
        with torch.no_grad():
            return self._signal * self._module.compute_from_blocks([Products.of(part, part) for part in self._scaled])

    def _set_architectures(self, archs: Archs) -> None:
        """Set the training architectures to ``archs``; the kernel between any two stays the same."""
        self._learn_columns(archs)
        self._module.log_scales.data = torch.from_numpy(self._hyperparameters[:-2].copy())
        scaled = torch.from_numpy(self._scale_features(archs).toarray())
        self._scaled = [scaled[:, block] for block in self._module.blocks]

    def _compute_weights(self, value: Floats) -> None:
        self._value = torch.from_numpy(value)
        self._weights = torch.cholesky_solve(self._value[:, None], self._factor)[:, 0]

    def condition(self, batch: Batch, score: Floats) -> None:
        """Add observations and keep the hyperparameters: O(n^2) per observation, whereas ``fit`` costs O(n^3).

        Args:
            batch: q additional architectures.
            score: [q] their scores.

        Raises:
            PredictorError: the predictor is not fitted, or scores are nan.
        """
        q = len(batch)
        batch, value = self._extend_training(batch, score)
        n, new = len(self._weights), batch.archs[len(batch) - q :]
        self._set_architectures(batch.archs)
        across, _ = self._compute_cross_covariance(self._scale_features(new))
        half = torch.linalg.solve_triangular(self._factor, across[:, :n].mT, upper=False)
        noise = (self._noise + self._jitter) * torch.eye(len(new), dtype=torch.float64)
        _, corner = _factor_cholesky(across[:, n:] + noise - half.mT @ half)
        upper = torch.cat([self._factor, torch.zeros((n, len(new)), dtype=torch.float64)], dim=1)
        self._factor = torch.cat([upper, torch.cat([half.mT, corner], dim=1)])
        self._grew = True
        self._compute_weights(value)

    def estimate_means(self, noise: "float | Floats") -> Floats:
        """Return the best linear prediction of the mean score of each training architecture; ``[n]``.

        An observed score is the process, plus what its architecture deviates from the process, plus the noise of one
        training. What was fitted as noise is the variance of the last two together, and that of the last is known. Of
        observations y with mean m and covariance C, the best linear prediction of the first two is y - noise^2 C^-1
        (y - m): Henderson 1975; Robinson 1991, "That BLUP is a good thing". The mean is that of the scores.

        Args:
            noise: standard deviation of a training around the mean of its architecture, as a score; one, or [n].
                Where it is more than was fitted, all that the process does not explain counts as noise.

        Raises:
            PredictorError: not fitted yet, or what is learnt is not the score, so that noise has no one size.
        """
        target = self._must_be_fitted()
        if self._target_class is not find_target("score"):
            raise PredictorError(f"{type(self).__name__} learns another target; means are estimated with target=score")
        unit = np.diff(target.backward(np.array([0.0, 1.0])))
        variance = np.minimum(np.square(noise / unit), self._noise)
        return target.backward((self._value - torch.from_numpy(variance) * self._weights).numpy())

    def _compute_cross_covariance(self, query: Any) -> tuple[Tensor, Tensor]:
        """Return the prior covariance [m, n] of scaled features with the training points, and their variance [m]."""
        across, alone = [], []
        for block, known in zip(self._module.blocks, self._scaled, strict=True):
            part = query[:, block] if len(self._scaled) > 1 else query
            own = torch.from_numpy(_compute_squared_lengths(part))
            across.append(Products(torch.from_numpy(part @ known.numpy().T), own, known.square().sum(-1)))
            alone.append(Products(own[:, None, None], own[:, None], own[:, None]))
        with torch.no_grad():
            covariance, variance = (
                self._module.compute_from_blocks(parts).mul_(self._signal) for parts in (across, alone)
            )
        return covariance, variance[:, 0, 0]

    def _predict(self, batch: Batch) -> tuple[Floats, Floats]:
        _, first, back = np.unique(self._encoding.alike(batch.archs), return_index=True, return_inverse=True)
        parts = [self._predict_distinct(batch.archs[first[i : i + _CHUNK]]) for i in range(0, len(first), _CHUNK)]
        mean, std = (np.concatenate(side) for side in zip(*parts, strict=True))
        return mean[back], std[back]

    def _predict_distinct(self, archs: Archs) -> tuple[Floats, Floats]:
        across, prior = self._compute_cross_covariance(self._scale_features(archs))
        explained = torch.linalg.solve_triangular(self._factor, across.mT, upper=False).square().sum(0)
        variance = (prior - explained).clamp_min(0) + self._noise
        return (across @ self._weights).numpy(), variance.sqrt().numpy()

    def features(self, archs: Archs) -> Tensor:
        """Return the inputs of ``model`` for architectures [n, d]; ``[n, f]``."""
        return torch.from_numpy(self._compute_features(archs).toarray())

    def model(self) -> "PosteriorModel":
        """Return the fitted process as a GPyTorch model of ``features``, in the units of the target.

        Raises:
            PredictorError: the predictor is not fitted.
        """
        self._must_be_fitted()
        x = self.features(self._train.archs)
        return PosteriorModel(x, self._value, self._module, signal=self._signal, noise=self._noise)

    def _state(self) -> State:
        grown = {"factor": self._factor.numpy(), "jitter": np.array(self._jitter)} if self._grew else {}
        return {"hyperparameters": self._hyperparameters, "units": self._units, **grown}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        self._hyperparameters, self._units = state["hyperparameters"], state["units"]
        if "factor" not in state:
            self._fit_posterior(batch.archs, value)
            return
        self._set_architectures(batch.archs)
        self._grew, self._jitter = True, float(state["jitter"])
        self._factor = torch.from_numpy(state["factor"])
        self._compute_weights(value)


class NegativeLogLikelihood(torch.autograd.Function):
    """The negative logarithm of a normal density without its constant; its gradient costs one matrix inverse.

    Rasmussen & Williams 2006, equations 2.30 and 5.9. Back-propagation through the Cholesky factor takes twice as
    long.
    """

    @staticmethod
    def forward(ctx: Any, kernel: Tensor, signal: Tensor, noise: Tensor, y: Tensor) -> Tensor:
        """Return y' C^-1 y / 2 + log det(C) / 2 of C = signal K + noise I, for K [n, n] and y [n]."""
        covariance = kernel * signal
        covariance.diagonal().add_(noise)
        factor = torch.linalg.cholesky(covariance)
        weights = torch.cholesky_solve(y[:, None], factor)
        ctx.save_for_backward(kernel, signal, factor, weights)
        return y @ weights[:, 0] / 2 + factor.diagonal().log().sum()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """Return the gradients with respect to the kernel, the signal and the noise."""
        kernel, signal, factor, weights = ctx.saved_tensors
        slope = torch.cholesky_inverse(factor).mT  # symmetric; LAPACK stores it by columns
        slope = slope.addr_(weights[:, 0], weights[:, 0], alpha=-1).mul_(gradient / 2)
        of_signal, of_noise = torch.dot(slope.reshape(-1), kernel.reshape(-1)), slope.trace()
        return slope.mul_(signal), of_signal, of_noise, None


class PosteriorModel(ExactGP):
    """An exact GPyTorch model in evaluation mode, for use with BoTorch and GPyTorch.

    Args:
        x: [n, f] features.
        y: [n] targets.
        kernel: kernel of the features.
        signal: variance of the process.
        noise: variance of an observation.
    """

    def __init__(self, x: Tensor, y: Tensor, kernel: Kernel, *, signal: float, noise: float) -> None:
        likelihood = GaussianLikelihood(noise_constraint=GreaterThan(LEAST_NOISE / 2)).double()
        super().__init__(x, y, likelihood)
        self.mean_module, self.covar_module = ZeroMean(), ScaleKernel(kernel).double()
        self.covar_module.outputscale, self.likelihood.noise = signal, noise
        self.eval()
        self.likelihood.eval()

    def forward(self, x: Tensor) -> MultivariateNormal:
        """Return the prior at features [..., n, f]."""
        return MultivariateNormal(self.mean_module(x), self.covar_module(x))


def _compute_squared_lengths(features: Any) -> Floats:
    """Return the squared length of each row of sparse features [n, f]."""
    squares = csr_array((features.data**2, features.indices, features.indptr), shape=features.shape)
    lengths: Floats = squares @ np.ones(features.shape[1])
    return lengths


def compute_group_deviations(features: Floats, groups: Ints, n_groups: int) -> Floats:
    """Return ``[g]`` the root mean squared deviation of each group of columns, so that lengths of about 1 suit all.

    With many groups it is larger, see ``compute_length_growth``.
    """
    variance = np.bincount(groups, weights=features.var(axis=0), minlength=n_groups)
    deviations: Floats = np.sqrt(np.where(variance > 0, variance, 1.0)) * compute_length_growth(n_groups)
    return deviations


def compute_length_growth(n_groups: int) -> float:
    """Return the factor by which length scales grow with the number of groups, because distances add up over groups.

    With a length of about 1 for each of 25 decisions, no two architectures are similar, the likelihood is flat, and
    the model predicts only the mean. Lengths in proportion to the root of the dimension follow Hvarfner, Hellsten &
    Nardi 2024, "Vanilla Bayesian Optimization Performs Great in High Dimensions" (arXiv 2402.02229). For up to eight
    groups, a length of 1 is enough: our widest set of views has eight groups, which describe the same properties.
    """
    return 1.0 if n_groups <= _FEW_GROUPS else n_groups**0.5


def compute_minus_log_prior(parameters: Tensor) -> Tensor:
    """Return the negative log prior of group scales, signal and noise variance, up to a constant."""
    centres = torch.zeros(len(parameters), dtype=torch.float64)
    widths = torch.full((len(parameters),), _PRIORS["scales"][1], dtype=torch.float64)
    (centres[-2], widths[-2]), (centres[-1], widths[-1]) = _PRIORS["signal"], _PRIORS["noise"]
    return ((parameters - centres) / widths).square().sum() / 2


def _factor_cholesky(matrix: Tensor) -> tuple[float, Tensor]:
    """Factor ``matrix`` [n, n], adding increasing values to its diagonal until it is positive definite.

    Returns:
        The value added to the diagonal, and the lower factor.

    Raises:
        PredictorError: adding a hundredth of the mean diagonal is not enough.
    """
    scale = float(matrix.diagonal().mean())
    for jitter in _JITTERS:
        factor, info = torch.linalg.cholesky_ex(matrix + jitter * scale * torch.eye(len(matrix), dtype=matrix.dtype))
        if not int(info):
            return jitter * scale, factor
    raise PredictorError(
        f"the kernel matrix of {len(matrix)} architectures is not positive definite, even with "
        f"{_JITTERS[-1]:g} of its mean added to the diagonal"
    )
