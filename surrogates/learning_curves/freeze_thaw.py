"""Freeze-thaw: a decaying Gaussian process per learning curve, around asymptotes that share another process.

Source: Swersky, Snoek & Adams 2014, "Freeze-Thaw Bayesian Optimization", arXiv 1406.3896. A curve is its asymptote
plus a process with the exponential-decay kernel ``b^a / (t + t' + b)^a``, a mixture of all exponential decays.
Asymptotes are a Gaussian process over architectures.

What differs: the mean of the decaying part is the mean difference of the finished training curves from their ends,
instead of zero, because all accuracies start low. The decaying part has its own variance. The hyperparameters maximise
the marginal likelihood times a broad prior, by quasi-Newton steps from one start, instead of being sampled. Gaps
within a curve are interpolated linearly. Every curve is then a prefix of a full curve, and so are the Cholesky factors
of the covariance matrices: one factor serves curves of all lengths, and a curve acts as one observation of its
asymptote with its own noise. If a query is a training row with a longer curve, it replaces that row, so no value
counts twice. Without an encoding, asymptotes are independent.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

from nasbench.arrays import Archs, Bools, Floats, Ints
from nasbench.options import FromTwo
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._curves import CurvePredictor, fill_gaps, find_last_epochs, require_curves
from nasbench.surrogates._predictor import State
from nasbench.surrogates._scaled import COARSE, ScaledColumns

_CENTRES = np.array([-3.0, 1.0, -3.0, 0.0, -1.5, -8.0])
_WIDTHS = np.array([2.0, 1.0, 2.0, 1.0, 1.5, 2.0])
"""Prior of the logarithms of: the asymptotes' variance, their length scale relative to the median distance, the
decaying part's variance, its shape a, its scale b in units of a full training run, and the noise variance. Variances
are relative to that of the training curves' ends."""

_MATERN = 5**0.5
_LEAST_NOISE = 1e-8
_LEAST_FINISHED = 3  # training runs needed to estimate the mean difference from the end
_CHUNK = 4096


class _Evidence(NamedTuple):
    """The information that curves give about their asymptotes, and about their last epoch given those; [n] each.

    Attributes:
        precision: precision of the observation of the asymptote.
        pull: that observation, relative to the mean, times its precision.
        misfit: squared length of the whitened curve, plus the log determinant of its covariance.
        weight: share of the last epoch that follows the curve instead of the asymptote.
        carried: contribution of the curve to the last epoch.
        explained: variance of the last epoch that the curve explains.
    """

    precision: Floats
    pull: Floats
    misfit: Floats
    weight: Floats
    carried: Floats
    explained: Floats


class FreezeThaw(CurvePredictor):
    """Decaying Gaussian processes.

    Args:
        space: the search space of the architectures.
        encoding: features that asymptotes depend on, see ``nasbench.encodings``; empty for none.
        hyper_points: largest number of training curves that hyperparameters are fitted to, drawn by ``rng``.
    """

    handles_unseen = True

    def __init__(self, space: SearchSpace, *, encoding: str = COARSE, hyper_points: FromTwo = 200) -> None:
        super().__init__(space)
        self._columns = ScaledColumns(space, encoding)
        self._hyper_points = hyper_points

    def _learn(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        curves = self._prepare(batch, value)
        chosen = np.sort(rng.permutation(len(curves))[: self._hyper_points])
        distance = self._compute_distances(self._x[chosen], self._x[chosen])
        found = minimize(
            lambda logs: -self._compute_log_posterior(logs, curves[chosen], distance),
            _CENTRES,
            method="L-BFGS-B",
            bounds=list(zip(_CENTRES - 4 * _WIDTHS, _CENTRES + 4 * _WIDTHS, strict=True)),
            options={"maxiter": 60},
        )
        self._fit_posterior(found.x, batch.archs, curves)

    def _prepare(self, batch: Batch, value: Floats) -> Floats:
        """Learn features and unit; return training curves in this unit, ending in their final value."""
        curves = require_curves(batch).copy()
        curves[:, -1] = np.where(np.isnan(value), curves[:, -1], value)
        self._mean, self._scale = self._expected
        self._columns.fit(batch.archs)
        self._x = self._columns(batch.archs)
        distance = self._compute_distances(self._x, self._x)
        self._length = float(np.median(distance[distance > 0])) if (distance > 0).any() else 1.0
        self._drift = np.zeros(curves.shape[1])
        self._drift = _compute_mean_drift(self._standardize(curves), ~np.isnan(value))
        return self._standardize(curves)

    def _standardize(self, curves: Floats) -> Floats:
        """Return curves without gaps, standardised by the training curves' ends, minus their mean drift."""
        return fill_gaps((curves - self._mean) / self._scale) - self._drift

    def _compute_distances(self, a: Floats, b: Floats) -> Floats:
        squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * np.einsum("if,jf->ij", a, b)
        return np.asarray(np.sqrt(np.maximum(squared, 0)))

    def _compute_covariance(self, logs: Floats, distance: Floats, same: Floats) -> Floats:
        """Return the prior covariance of asymptotes: Matern 5/2 of distances, or ``same`` if there are no columns."""
        if not self._x.shape[1]:
            return np.asarray(np.exp(logs[0]) * same)
        r = _MATERN * distance / (self._length * np.exp(logs[1]))
        return np.asarray(np.exp(logs[0]) * (1 + r + r**2 / 3) * np.exp(-r))

    def _compute_evidence(self, logs: Floats, curves: Floats) -> _Evidence:
        """Return the evidence in standardised curves [n, t] without gaps."""
        t = curves.shape[1]
        factor, last, _ = _factor_time_covariance(logs, t)
        ones, toward = solve_triangular(factor, np.stack([np.ones(t), last], axis=1), lower=True).T
        white = solve_triangular(factor, np.nan_to_num(curves).T, lower=True).T
        at = find_last_epochs(curves)

        def until(terms: Floats) -> Floats:
            """Return the sums ``[n]`` of terms [n, t] or [t] over the seen epochs of each curve."""
            sums = np.concatenate(
                [np.zeros((len(curves), 1)), np.cumsum(np.broadcast_to(terms, white.shape), axis=1)], 1
            )
            return np.asarray(sums[np.arange(len(curves)), at])

        return _Evidence(
            precision=until(ones**2),
            pull=until(ones * white),
            misfit=until(white**2 + 2 * np.log(np.diag(factor))),
            weight=until(ones * toward),
            carried=until(toward * white),
            explained=until(toward**2),
        )

    def _compute_log_posterior(self, logs: Floats, curves: Floats, distance: Floats) -> float:
        """Return the log marginal likelihood of standardised curves plus the hyperparameters' log prior."""
        known = self._compute_evidence(logs, curves)
        observed = known.pull / known.precision
        kernel = self._compute_covariance(logs, distance, np.eye(len(curves)))
        factor = cholesky(kernel + np.diag(1 / known.precision), lower=True)
        white = solve_triangular(factor, observed, lower=True)
        own = known.misfit - known.pull**2 / known.precision + np.log(known.precision)
        likelihood = -0.5 * (own.sum() + (white**2).sum()) - np.log(np.diag(factor)).sum()
        return float(likelihood - 0.5 * (((logs - _CENTRES) / _WIDTHS) ** 2).sum())

    def _fit_posterior(self, logs: Floats, archs: Archs, curves: Floats) -> None:
        self._logs, self._curves = logs, curves
        self._known = self._compute_evidence(logs, curves)
        kernel = self._compute_covariance(logs, self._compute_distances(self._x, self._x), np.eye(len(curves)))
        self._factor = cho_factor(kernel + np.diag(1 / self._known.precision), lower=True)
        self._weights = cho_solve(self._factor, self._known.pull / self._known.precision)
        self._rows = {arch.tobytes(): row for row, arch in enumerate(archs)}

    def _extrapolate(self, batch: Batch) -> tuple[Floats, Floats]:
        pieces = [np.arange(i, min(i + _CHUNK, len(batch))) for i in range(0, len(batch), _CHUNK)]
        mean, std = (
            np.concatenate(part) for part in zip(*(self._answer(batch.take(rows)) for rows in pieces), strict=True)
        )
        return self._mean + self._scale * mean, self._scale * std

    def _answer(self, batch: Batch) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of standardised last values."""
        curves = self._standardize(require_curves(batch))
        mean, variance = self._predict_asymptotes(batch.archs, curves)
        known = self._compute_evidence(self._logs, curves)
        after = 1 / (1 / variance + known.precision)
        mean = after * (mean / variance + known.pull)
        _, _, prior = _factor_time_covariance(self._logs, curves.shape[1])
        left = np.maximum(prior - known.explained, 0) + np.exp(self._logs[5]) + _LEAST_NOISE
        return mean * (1 - known.weight) + known.carried, np.sqrt((1 - known.weight) ** 2 * after + left)

    def _predict_asymptotes(self, archs: Archs, curves: Floats) -> tuple[Floats, Floats]:
        """Return mean and variance of asymptotes from all training curves except the query's own row."""
        row = self._find_own_rows(archs, curves)
        across = self._compute_covariance(
            self._logs, self._compute_distances(self._columns(archs), self._x), row[:, None] == np.arange(len(self._x))
        )
        mean = np.einsum("mn,n->m", across, self._weights)
        explained = np.einsum("mn,nm->m", across, cho_solve(self._factor, across.T))
        variance = np.maximum(np.exp(self._logs[0]) - explained, 1e-12)
        own = row >= 0
        precision = np.where(own, self._known.precision[row], 0.0)
        pull = np.where(own, self._known.pull[row], 0.0)
        without = 1 / np.maximum(1 / variance - precision, np.exp(-self._logs[0]))
        return np.where(own, without * (mean / variance - pull), mean), np.where(own, without, variance)

    def _find_own_rows(self, archs: Archs, curves: Floats) -> Ints:
        """Return [m] the training row whose curve is a prefix of each query; -1 if there is none."""
        rows = np.array([self._rows.get(arch.tobytes(), -1) for arch in archs], dtype=np.int64)
        begun = self._curves[rows]
        same = np.isnan(begun) | (np.abs(begun - curves) < 1e-9)
        return np.where((rows >= 0) & same.all(axis=1), rows, -1)

    def _state(self) -> State:
        return {"logs": self._logs}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        batch, value = self._read_batch(batch, value)
        self._fit_posterior(state["logs"], batch.archs, self._prepare(batch, value))


def _compute_mean_drift(curves: Floats, finished: Bools) -> Floats:
    """Return ``[t]`` the mean difference of finished curves [n, t] from their ends; zeros if too few are finished."""
    if finished.sum() < _LEAST_FINISHED:
        return np.zeros(curves.shape[1])
    drift: Floats = np.nanmean(curves[finished] - curves[finished, -1:], axis=0)
    return drift


def _factor_time_covariance(logs: Floats, t: int) -> tuple[Floats, Floats, float]:
    """Return the Cholesky factor of a full curve's covariance, and the decaying part's with and of the last epoch."""
    time = np.arange(1, t + 1) / t
    scale, shape = np.exp(logs[4]), np.exp(logs[3])
    decay = np.exp(logs[2]) * (scale / (time[:, None] + time + scale)) ** shape
    factor = cholesky(decay + (np.exp(logs[5]) + _LEAST_NOISE) * np.eye(t), lower=True)
    return factor, decay[-1], float(decay[-1, -1])
