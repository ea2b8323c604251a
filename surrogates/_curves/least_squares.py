"""Least-squares fits of parametric families to many learning curves in one call.

Every family is a constant plus a shape times a factor, where the shape has at most two parameters. Constant and factor
have a closed form (variable projection, Golub & Pereyra 1973). Three matrix products compare a grid of shapes that is
the same for all curves. Levenberg-Marquardt steps on the shape's parameters then improve the best shape of each curve,
with all curves in one array. Unlike descents from one start, as in Domhan et al. 2015, the result does not depend on a
lucky start.

Families with the same set of curves share a shape: ``weibull`` is ``janoschek`` in other parameters, ``log_power`` is
``dr_hill``, and ``exp4`` is ``janoschek`` restricted to rising curves.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Floats, Ints

_ROUNDS = 8
_STEP = 1e-4  # step of the numerical derivative
_TINY = 1e-12


class CurveShape(NamedTuple):
    """A family without its constant and factor.

    Attributes:
        curve: ``curve(x, *parameters)``.
        ranges: for each parameter: lowest value, highest value, number of grid points.
        constant: whether a constant is added.
        factor: ``any``, ``negative``, or ``one`` if it is fixed.
    """

    curve: Callable[..., Floats]
    ranges: Sequence[tuple[float, float, int]]
    constant: bool = True
    factor: str = "any"


def _compute_power(x: Floats, log_alpha: Floats) -> Floats:
    return x ** -np.exp(log_alpha)


def _compute_inverse_log(x: Floats) -> Floats:
    inverse: Floats = 1 / np.log(x + 1)
    return inverse


def _compute_stretched(x: Floats, log_scale: Floats, log_delta: Floats) -> Floats:
    return np.exp(-((x / np.exp(log_scale)) ** np.exp(log_delta)))


def _compute_hill(x: Floats, log_kappa: Floats, log_eta: Floats) -> Floats:
    return 1 / (1 + (np.exp(log_kappa) / x) ** np.exp(log_eta))


def _compute_shifted_power(x: Floats, log_shift: Floats, log_alpha: Floats) -> Floats:
    return (1 + x / np.exp(log_shift)) ** -np.exp(log_alpha)


def _compute_vapour(x: Floats, b: Floats, c: Floats) -> Floats:
    return np.exp(b / x + c * np.log(x))


def _compute_log_log(x: Floats, log_ratio: Floats) -> Floats:
    return np.asarray(np.log1p(np.exp(log_ratio) * np.log(x)))


_SCALES, _SHAPES = (-2.0, 7.0, 19), (-2.5, 1.6, 12)
_STRETCHED = CurveShape(_compute_stretched, (_SCALES, _SHAPES))
_HILL = CurveShape(_compute_hill, (_SCALES, _SHAPES), constant=False)

SHAPES: dict[str, CurveShape] = {
    "pow3": CurveShape(_compute_power, ((-4.6, 1.6, 32),)),
    "ilog2": CurveShape(_compute_inverse_log, ()),
    "janoschek": _STRETCHED,
    "log_power": _HILL,
    "weibull": _STRETCHED,
    "mmf": _HILL._replace(constant=True),
    "vap": CurveShape(_compute_vapour, ((-6.0, 1.0, 20), (-0.2, 0.6, 16)), constant=False),
    "loglog_linear": CurveShape(_compute_log_log, ((-6.0, 3.0, 32),), factor="one"),
    "exp4": _STRETCHED._replace(factor="negative"),
    "pow4": CurveShape(_compute_shifted_power, ((-2.0, 7.0, 16), (-2.5, 1.6, 12)), factor="negative"),
    "dr_hill": _HILL,
}
"""The shape of each of ``FAMILIES``."""


class Fits(NamedTuple):
    """A family fitted to n curves.

    Attributes:
        constant, factor: [n].
        parameters: [n, p] parameters of the shape.
        squares: [n] sum of squared residuals.
    """

    constant: Floats
    factor: Floats
    parameters: Floats
    squares: Floats

    def at(self, shape: CurveShape, x: Floats) -> Floats:
        """Return the fitted curves ``[n, t]`` at epochs [t]."""
        drawn = self.constant[:, None] + self.factor[:, None] * _draw_shapes(shape, x, self.parameters)
        return np.asarray(drawn, dtype=np.float64)


def count_parameters(shape: CurveShape) -> int:
    """Return the number of fitted parameters."""
    return len(shape.ranges) + shape.constant + (shape.factor != "one")


def fit_family(shape: CurveShape, curves: Floats) -> Fits:
    """Fit a family to curves [n, t], nan where an epoch was not seen; every curve needs at least one seen epoch."""
    x, weight = np.arange(1.0, curves.shape[1] + 1), (~np.isnan(curves)).astype(np.float64)
    y = np.nan_to_num(curves)
    parameters = _search_grid(shape, x, y, weight)
    if shape.ranges:
        parameters = _improve_parameters(shape, x, y, weight, parameters)
    return _solve_fits(shape, _draw_shapes(shape, x, parameters), y, weight, parameters)


def _draw_shapes(shape: CurveShape, x: Floats, parameters: Floats) -> Floats:
    """Return the shapes ``[n, t]`` for parameters [n, p]."""
    with np.errstate(over="ignore", under="ignore"):
        drawn: Floats = np.broadcast_to(shape.curve(x, *parameters.T[:, :, None]), (len(parameters), len(x)))
    return drawn


def _search_grid(shape: CurveShape, x: Floats, y: Floats, weight: Floats) -> Floats:
    """Return the parameters ``[n, p]`` of the best grid shape for each curve."""
    grid = np.array(list(product(*(np.linspace(*spec) for spec in shape.ranges))), dtype=np.float64)
    drawn = _draw_shapes(shape, x, grid)
    n = weight.sum(axis=1)[:, None]
    centre = (weight * y).sum(axis=1)[:, None] / n if shape.constant else np.zeros((len(y), 1))
    y = weight * (y - centre)
    s, ss, sy = weight @ drawn.T, weight @ (drawn**2).T, y @ drawn.T  # [n, grid]
    _, factor = _solve_coefficients(shape, n, s, ss, np.zeros_like(n), sy)
    spread = ss - s**2 / n if shape.constant else ss
    best: Ints = np.argmin(factor**2 * spread - 2 * factor * sy, axis=1)
    return grid[best]


def _solve_coefficients(
    shape: CurveShape, n: Floats, s: Floats, ss: Floats, y: Floats, sy: Floats
) -> tuple[Floats, Floats]:
    """Solve for constant and factor from the sums of 1, shape, squared shape, value, and shape times value."""
    spread, shared = (ss - s**2 / n, sy - s * y / n) if shape.constant else (ss, sy)
    factor = np.ones_like(spread) if shape.factor == "one" else shared / np.maximum(spread, _TINY)
    if shape.factor == "negative":
        factor = np.minimum(factor, 0)
    return (y - factor * s) / n if shape.constant else np.zeros_like(factor), factor


def _solve_fits(shape: CurveShape, drawn: Floats, y: Floats, weight: Floats, parameters: Floats) -> Fits:
    """Return the best fits for shapes [n, t]."""
    weighted = weight * drawn
    sums = ((weighted * part).sum(axis=1) for part in (1.0, drawn, y))
    s, ss, sy = sums
    constant, factor = _solve_coefficients(shape, weight.sum(axis=1), s, ss, (weight * y).sum(axis=1), sy)
    off = weight * (y - constant[:, None] - factor[:, None] * drawn)
    return Fits(constant, factor, parameters, (off**2).sum(axis=1))


def _compute_residuals(shape: CurveShape, x: Floats, y: Floats, weight: Floats, parameters: Floats) -> Floats:
    drawn = _draw_shapes(shape, x, parameters)
    fits = _solve_fits(shape, drawn, y, weight, parameters)
    off: Floats = weight * (y - fits.constant[:, None] - fits.factor[:, None] * drawn)
    return off


def _improve_parameters(shape: CurveShape, x: Floats, y: Floats, weight: Floats, parameters: Floats) -> Floats:
    """Take Levenberg-Marquardt steps from parameters [n, p] within the ranges; steps that do not help are undone."""
    low, high = (np.array(ends) for ends in zip(*((a, b) for a, b, _ in shape.ranges), strict=True))
    damping = np.full(len(y), 1e-2)
    off = _compute_residuals(shape, x, y, weight, parameters)
    squares = (off**2).sum(axis=1)
    for _ in range(_ROUNDS):
        moved = [parameters + step for step in _STEP * np.eye(len(low))]
        slopes = np.stack([(_compute_residuals(shape, x, y, weight, p) - off) / _STEP for p in moved], axis=2)
        normal, downhill = slopes.mT @ slopes, (slopes.mT @ off[:, :, None])[:, :, 0]
        ridge = damping[:, None] * (np.einsum("nii->ni", normal) + _TINY)
        step = np.linalg.solve(normal + ridge[:, :, None] * np.eye(len(low)), downhill[:, :, None])[:, :, 0]
        trial = np.clip(parameters - step, low, high)
        trial_off = _compute_residuals(shape, x, y, weight, trial)
        trial_squares = (trial_off**2).sum(axis=1)
        better = trial_squares < squares
        parameters = np.where(better[:, None], trial, parameters)
        off, squares = np.where(better[:, None], trial_off, off), np.minimum(trial_squares, squares)
        damping = np.where(better, damping / 5, damping * 5)
    return parameters
