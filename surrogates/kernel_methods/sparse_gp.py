"""Sparse Gaussian process on what an architecture computes: for thousands of training points.

Source: Titsias 2009, "Variational Learning of Inducing Variables in Sparse Gaussian Processes", whose collapsed bound
is the optimum of the variational posterior of Hensman, Fusi & Lawrence 2013 (arXiv 1309.6835). The values at m
training points summarise the process. With Gaussian noise, the best summary has a closed form, so there is no
stochastic optimisation, and the same seed gives the same bits. Fitting n points takes O(n m^2) time, and memory for
one chunk of them; an exact process takes O(n^3) time and n^2 memory.

The kernel is that of ``functional_gp``: Matern (nu = 5/2) over views, with a length for each. The inducing points are
chosen greedily, each where the earlier ones explain least (Burt, Rasmussen & van der Wilk 2020, arXiv 2008.00323),
once before the lengths are learnt and once after. Below about 1,000 points, prefer ``functional_gp``.
"""

import numpy as np
import torch
from torch import Tensor

from nasbench.arrays import Archs, Floats
from nasbench.options import Count, FromTwo, Whole
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._gp import compute_length_growth
from nasbench.surrogates._gp.lbfgs import minimize_lbfgs
from nasbench.surrogates._gp.sparse import Summary, select_greedy_points
from nasbench.surrogates._gp.views import ScaledViews, predict_in_chunks
from nasbench.surrogates._predictor import CheckedPredictor, State
from nasbench.surrogates._tabular import FUNCTIONAL

REQUIRES = {"torch": "gp", "gpytorch": "gp"}

_LEAST_NOISE = 1e-4
_CHUNK = 2048
_CANDIDATES = 2000  # training points that inducing points are chosen from
# weak normal priors (centre, width) on the logarithms of lengths, signal variance and noise variance
_PRIOR_LENGTH, _PRIOR_SIGNAL, _PRIOR_NOISE = (0.0, 1.5), (0.0, 2.0), (-2.5, 1.0)


class SparseGP(CheckedPredictor):
    """Matern kernel over functional views, conditioned through inducing points.

    Args:
        space: the search space of the architectures.
        encoding: the views, joined by ``+``.
        target: what the predictor learns: ``rank``, ``score`` or ``log_error``.
        inducing: largest number of points that summarise the process.
        hyper_points: largest number of training points that lengths and variances are fitted to, drawn by ``rng``.
            With fewer inducing points than these, the noise is overestimated. The posterior uses all points.
        max_iterations: largest number of iterations of the optimiser.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = FUNCTIONAL,
        target: str = "rank",
        inducing: Count = 500,
        hyper_points: FromTwo = 500,
        max_iterations: Whole = 30,
    ) -> None:
        super().__init__(space, target=target)
        self._views = ScaledViews(space, encoding)
        self._inducing, self._hyper_points, self._max_iterations = inducing, hyper_points, max_iterations

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        self._views.fit(batch.archs)
        self._columns = torch.from_numpy(self._views.groups)
        order = rng.permutation(len(value))
        learnt, candidates = np.sort(order[: self._hyper_points]), np.sort(order[:_CANDIDATES])
        start = torch.zeros(int(self._columns.max()) + 3, dtype=torch.float64)
        start[-1] = _PRIOR_NOISE[0]
        x = self._views.encode(batch.archs[learnt])
        at = x[select_greedy_points(x * self._compute_factors(start), self._inducing)]
        self._parameters = self._find_most_likely(start, x, at, torch.from_numpy(value[learnt]))
        x = self._views.encode(batch.archs[candidates])
        self._rows = candidates[select_greedy_points(x * self._compute_factors(self._parameters), self._inducing)]
        self._fit_posterior(batch.archs, torch.from_numpy(value))

    def _compute_factors(self, parameters: Tensor) -> Tensor:
        """Return ``[f]`` the inverse length of each column."""
        return torch.exp(-parameters[:-2])[self._columns] / compute_length_growth(len(parameters) - 2)

    def _find_most_likely(self, start: Tensor, x: Tensor, at: Tensor, y: Tensor) -> Tensor:
        """Return ``[g + 2]`` log lengths, signal and noise variance that maximise the bound plus the log prior."""

        def loss(parameters: Tensor) -> Tensor:
            factors, signal, noise = self._compute_factors(parameters), parameters[-2].exp(), parameters[-1].exp()
            summary = Summary(at * factors, signal=signal, noise=noise + _LEAST_NOISE)
            summary.add(x * factors, y)
            return _compute_minus_log_prior(parameters) - summary.bound()

        return torch.from_numpy(minimize_lbfgs(loss, start.numpy(), self._max_iterations))

    def _fit_posterior(self, archs: Archs, value: Tensor) -> None:
        parameters, factors = self._parameters, self._compute_factors(self._parameters)
        at = self._views.encode(archs[self._rows]) * factors
        self._summary = Summary(at, signal=parameters[-2].exp(), noise=parameters[-1].exp() + _LEAST_NOISE)
        for i in range(0, len(archs), _CHUNK):
            self._summary.add(self._views.encode(archs[i : i + _CHUNK]) * factors, value[i : i + _CHUNK])
        self._summary.solve()

    def _predict(self, batch: Batch) -> tuple[Floats, Floats]:
        factors = self._compute_factors(self._parameters)
        return predict_in_chunks(lambda x: self._summary.predict(x * factors), batch.archs, self._views)

    def _state(self) -> State:
        return {"parameters": self._parameters.numpy(), "rows": self._rows}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        self._views.fit(batch.archs)
        self._columns = torch.from_numpy(self._views.groups)
        self._parameters, self._rows = torch.from_numpy(state["parameters"]), state["rows"]
        self._fit_posterior(batch.archs, torch.from_numpy(value))


def _compute_minus_log_prior(parameters: Tensor) -> Tensor:
    """Return the negative log prior of log lengths [g], signal and noise variance, up to a constant."""
    lengths = (parameters[:-2] - _PRIOR_LENGTH[0]) / _PRIOR_LENGTH[1]
    signal = (parameters[-2] - _PRIOR_SIGNAL[0]) / _PRIOR_SIGNAL[1]
    noise = (parameters[-1] - _PRIOR_NOISE[0]) / _PRIOR_NOISE[1]
    return (lengths.square().sum() + signal.square() + noise.square()) / 2
