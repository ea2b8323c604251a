"""Minimisation by L-BFGS, for hyperparameters."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from nasbench.arrays import Floats


def minimize_lbfgs(
    function: Callable[[Tensor], Tensor], start: Floats, iterations: int, *, gain: float = 1e7 * np.finfo(float).eps
) -> Floats:
    """Return the minimiser that L-BFGS finds.

    A line search may jump to a point where exponentials overflow or a matrix has no Cholesky factor. At such a point,
    the search receives a value slightly above all earlier values, with a slope back to the best point. It then
    interpolates; after an enormous value it would hardly move.

    Args:
        function: maps parameters [k] to a number.
        start: [k] starting point.
        iterations: largest number of iterations.
        gain: relative improvement below which to stop.
    """
    highest, least, best = -np.inf, np.inf, start

    def loss(given: Floats) -> tuple[float, Floats]:
        nonlocal highest, least, best
        value, slope = _evaluate(function, given)
        if not (np.isfinite(value) and np.isfinite(slope).all()):
            outwards = given - best
            return (highest if np.isfinite(highest) else 0.0) + 1.0, outwards / max(np.abs(outwards).max(), 1e-12)
        highest = max(highest, value)
        if value < least:
            least, best = value, given.copy()
        return value, slope

    options = {"maxiter": iterations, "ftol": gain}
    found: Floats = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    return found


def _evaluate(function: Callable[[Tensor], Tensor], given: Floats) -> tuple[float, Floats]:
    """Return the value and the gradient [k]; nan if they are undefined."""
    parameters = torch.from_numpy(given).requires_grad_()
    try:
        value = function(parameters)
    except torch.linalg.LinAlgError:
        return np.nan, np.zeros_like(given)
    value.backward()
    slope: Floats = parameters.grad.numpy().copy()
    return float(value.detach()), slope
