"""The optimiser of hyperparameters: it recovers from points where the likelihood cannot be computed."""

import numpy as np
import pytest
import torch
from scipy.optimize import rosen

from nasbench.surrogates._gp.lbfgs import minimize_lbfgs


def test_it_finds_the_lowest_point():
    def rosenbrock(x):
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    found = minimize_lbfgs(rosenbrock, np.full(4, -0.5), 200)
    assert rosen(found) < 1e-8


def no_factor(x):
    torch.linalg.cholesky(-torch.eye(2))


def overflow(x):
    return (x * 1e200).exp() * 0


def no_slope(x):
    return (x - x.detach()).clamp_min(0).sqrt()  # 0, with a derivative that is not finite


@pytest.mark.parametrize("beyond", [no_factor, overflow, no_slope])
def test_it_steps_back_from_where_there_is_no_answer(beyond):
    met = []

    def valley(x):
        """Lowest at 2; so flat at the start that the search jumps beyond 4, where no value exists."""
        value = torch.log1p((x - 2).square())
        if x > 4:
            met.append(x.item())
            return (value + beyond(x)).sum()
        return value.sum()

    assert minimize_lbfgs(valley, np.array([-30.0]), 100) == pytest.approx(2, abs=1e-3)
    assert met
