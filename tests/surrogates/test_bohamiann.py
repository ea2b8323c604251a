"""The sampler against densities in closed form, the gradient against finite differences."""

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.stats import norm

from nasbench.errors import InvalidOption
from nasbench.registry import SPACES
from nasbench.surrogates._sghmc import Chain, draw_samples
from nasbench.surrogates.neural import bohamiann


def test_the_sampler_draws_from_a_normal_distribution_of_any_scale():
    """Two coordinates of standard deviation 1 and 10, means 0 and 5; one step size serves both."""
    std, mean = np.array([1.0, 10.0]), np.array([0.0, 5.0])
    chain = Chain(burn_in=1000, steps=60_000, keep_every=20, lr=0.05)
    drawn = np.stack(list(draw_samples(mean, lambda x: (x - mean) / std**2, chain, np.random.default_rng(0))))
    assert len(drawn) == 3000
    np.testing.assert_allclose(drawn.std(axis=0), std, rtol=0.1)
    np.testing.assert_allclose((drawn.mean(axis=0) - mean) / std, 0, atol=0.15)


def test_the_gradient_is_that_of_the_negative_log_density(monkeypatch):
    monkeypatch.setattr(bohamiann, "_HIDDEN", (7, 7, 7))  # saves thousands of differences
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 3)), rng.normal(size=5)
    widths = bohamiann._compute_prior_widths(3)
    centres = np.zeros(len(widths))
    centres[-1] = np.log(1e-2)

    def energy(weights):
        mean = bohamiann._compute_outputs(weights[None], x)[0]
        likelihood = norm.logpdf(y, mean, np.exp(weights[-1] / 2)).sum()
        return -4 * likelihood - norm.logpdf(weights, centres, widths).sum()

    def slope(weights):
        return bohamiann._compute_energy_slope(weights, x, y, 4.0) + bohamiann._compute_prior_slope(weights, widths)

    start = rng.normal(size=len(widths)) * widths
    assert check_grad(energy, slope, start) < 1e-3 * np.linalg.norm(slope(start))


def test_a_chain_that_keeps_nothing_is_refused():
    with pytest.raises(InvalidOption, match="keep_every from 1 to steps"):
        bohamiann.BOHAMIANN(SPACES.load("nb201")(), steps=10, keep_every=20)
