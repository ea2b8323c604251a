"""The conjugate posterior against scikit-learn, scipy's density, and numerical integration."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from nasbench.errors import InvalidOption
from nasbench.predictions import Batch
from nasbench.registry import SPACES
from nasbench.surrogates._blr import LinearPosterior, Sampling
from nasbench.surrogates.kernel_methods.bayesian_linear_regression import BayesianLinearRegression


def problem(n=40, f=6, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, f)) @ rng.normal(size=(f, f)) + 3
    value = x @ rng.normal(size=f) + rng.normal(size=n)
    return x, (value - value.mean()) / value.std()


@pytest.mark.parametrize("shape", [(40, 6), (12, 30)], ids=["tall", "wide"])
def test_the_evidence_is_the_density_of_the_values(shape):
    """Marginally the values are normal with covariance noise + x x' / alpha (Bishop 2006, section 3.3.1)."""
    x, value = problem(*shape)
    for logs in ([0.3, -2.0], [-3.0, 1.0]):
        centred = x - x.mean(axis=0)
        covariance = np.exp(logs[1]) * np.eye(len(x)) + centred @ centred.T / np.exp(logs[0])
        expected = multivariate_normal(np.zeros(len(x)), covariance).logpdf(value)
        assert LinearPosterior(x, value).evidence(np.array([logs]))[0] == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(3))
def test_the_highest_evidence_is_where_scikit_learn_finds_it(seed):
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, value = problem(seed=seed)
    flat = {"alpha_1": 0, "alpha_2": 0, "lambda_1": 0, "lambda_2": 0}
    theirs = linear_model.BayesianRidge(max_iter=5000, tol=1e-10, **flat).fit(x, value)
    ours = LinearPosterior(x, value)
    logs = ours.find_most_likely()
    np.testing.assert_allclose(np.exp(logs[0]), [theirs.lambda_, 1 / theirs.alpha_], rtol=1e-3)
    new = problem(n=9, seed=5)[0]
    for mine, their in zip(ours.predict(new, logs), theirs.predict(new, return_std=True), strict=True):
        np.testing.assert_allclose(mine, their, rtol=1e-4, atol=1e-4)


def test_more_features_than_points_are_uncertain_beyond_them():
    """The model as a Gaussian process with a linear kernel: Rasmussen & Williams 2006, equation 2.12."""
    x, value = problem(n=8, f=20)
    logs, new = np.array([[0.5, -1.0]]), problem(n=5, f=20, seed=1)[0]
    a, b = x - x.mean(axis=0), new - x.mean(axis=0)
    inverse = np.linalg.inv(a @ a.T / np.exp(0.5) + np.exp(-1) * np.eye(8))
    across = b @ a.T / np.exp(0.5)
    variance = (b**2).sum(axis=1) / np.exp(0.5) - np.einsum("ij,jk,ik->i", across, inverse, across) + np.exp(-1)
    mean, std = LinearPosterior(x, value).predict(new, logs)
    np.testing.assert_allclose(mean, across @ inverse @ value)
    np.testing.assert_allclose(std, np.sqrt(variance))


def test_sampled_precisions_have_the_moments_of_their_posterior():
    posterior = LinearPosterior(*problem())
    axis = np.linspace(-10, 10, 401)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(posterior.evidence(grid) - posterior.evidence(grid).max())
    mean = density @ grid / density.sum()
    std = np.sqrt(density @ (grid - mean) ** 2 / density.sum())
    drawn = posterior.draw_samples(Sampling(walkers=400, burn_in=100, length=100), np.random.default_rng(0))
    assert (np.abs(drawn.mean(axis=0) - mean) < 4 * std / np.sqrt(400)).all()
    np.testing.assert_allclose(drawn.std(axis=0), std, rtol=0.15)  # four times 1 / sqrt(2 * 400)


def test_features_that_never_change_say_nothing():
    value = np.array([-1.0, 0.0, 1.0])
    posterior = LinearPosterior(np.ones((3, 2)), value)
    mean, std = posterior.predict(np.ones((2, 2)), posterior.find_most_likely())
    np.testing.assert_allclose(mean, 0, atol=1e-12)
    np.testing.assert_allclose(std, value.std(), rtol=1e-4)


def test_three_walkers_are_refused():
    with pytest.raises(InvalidOption, match="walkers=3"):
        BayesianLinearRegression(SPACES.load("nb201")(), mcmc=3)


def test_sampling_widens_what_is_uncertain(cifar10):
    """Averaging over precisions adds to the variance on few points (law of total variance)."""
    archs = cifar10.space.sample(60, np.random.default_rng(0))
    score = np.asarray(cifar10.query(archs))
    stds = []
    for mcmc in (0, 20):
        model = BayesianLinearRegression(cifar10.space, mcmc=mcmc)
        model.fit(Batch(archs[:12]), score[:12], np.random.default_rng(1))
        stds.append(model.predict(Batch(archs[12:])).std.mean())
    assert stds[1] > stds[0]
