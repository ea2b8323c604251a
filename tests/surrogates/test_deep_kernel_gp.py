"""The deep kernel against GPyTorch's own prediction; learnt weights, reproducibility and state."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from nasbench.predictions import Batch

torch = pytest.importorskip("torch")
gpytorch = pytest.importorskip("gpytorch")

from nasbench.surrogates._gp.deep import DeepKernelModel, make_tanh_network  # noqa: E402
from nasbench.surrogates._gp.posterior import GPPosterior  # noqa: E402
from nasbench.surrogates.kernel_methods.deep_kernel_gp import DeepKernelGP  # noqa: E402


@pytest.fixture
def model(rng):
    x = rng.standard_normal((80, 2))
    y = np.sign(x[:, 0] * x[:, 1])  # no stationary kernel of x fits: the sign jumps
    generator = torch.Generator().manual_seed(1)
    network = make_tanh_network(x.shape[1], 16, 2, generator)
    return DeepKernelModel(torch.from_numpy(x), torch.from_numpy(y), network=network, outputs=2)


def log_likelihood(model):
    (x,), y = model.train_inputs, model.train_targets
    with torch.no_grad():
        return float(gpytorch.mlls.ExactMarginalLogLikelihood(model.likelihood, model)(model.train()(x), y))


def test_network_and_kernel_climb_the_marginal_likelihood_together(model):
    before, weights = log_likelihood(model), model.network[0].weight.detach().clone()
    model.learn(1, rate=0.003, decay=0.0)
    assert not torch.equal(weights, model.network[0].weight)
    model.learn(60, rate=0.02, decay=0.0)
    assert log_likelihood(model) > before + 0.1


def test_the_answer_is_that_of_gpytorch(model, rng):
    model.learn(20, rate=0.01, decay=0.01)
    (x,), y = model.train_inputs, model.train_targets
    query = torch.from_numpy(rng.standard_normal((9, 2)))
    posterior = GPPosterior(model.compute_covariance(x, x), y, model.likelihood.noise.item())
    signal = model.covar_module.outputscale.detach()
    mean, std = posterior.predict(model.compute_covariance(query, x), signal.expand(9))
    with torch.no_grad():
        expected = model.likelihood.eval()(model.eval()(query))
    np.testing.assert_allclose(mean, expected.mean, rtol=1e-6)
    np.testing.assert_allclose(std, expected.stddev, rtol=1e-6)


def test_it_ranks_better_than_chance(cifar10):
    """p < 1e-10 that 100 points rank 1,000 others by chance, and the intervals have about the right coverage."""
    rng = np.random.default_rng(3)
    archs = cifar10.table.architectures[rng.permutation(cifar10.rows)[:1100]]
    score = cifar10.query(archs)
    predictor = DeepKernelGP(cifar10.space, steps=60)
    predictor.fit(Batch(archs[:100]), score[:100], rng)
    mean, std = predictor.predict(Batch(archs[100:]))
    tau, p = kendalltau(mean, score[100:])
    assert p < 1e-10
    assert tau > 0.65
    assert (np.abs(score[100:] - mean) < 1.96 * std).mean() > 0.75


def test_weights_come_from_rng_alone_and_state_gives_the_same_bits(cifar10):
    archs = cifar10.space.sample(90, np.random.default_rng(3))
    options = {"steps": 5, "width": 8}

    def fitted(seed):
        predictor = DeepKernelGP(cifar10.space, **options)
        predictor.fit(Batch(archs[:40]), cifar10.query(archs[:40]), np.random.default_rng(seed))
        return predictor

    first = fitted(0)
    answer = first.predict(Batch(archs)).mean
    assert np.array_equal(answer, fitted(0).predict(Batch(archs)).mean)
    assert not np.array_equal(answer, fitted(1).predict(Batch(archs)).mean)
    again = DeepKernelGP(cifar10.space, **options)
    again.restore(first.state())
    assert np.array_equal(answer, again.predict(Batch(archs)).mean)
