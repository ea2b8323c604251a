"""Gaussian processes against independent kernels and predictions, and against their own definition."""

import numpy as np
import pytest
from scipy.stats import kendalltau, wilcoxon

from nasbench.choices import Choice
from nasbench.encodings import make_encoding
from nasbench.predictions import Batch
from nasbench.registry import PREDICTORS

torch = pytest.importorskip("torch")
pytest.importorskip("gpytorch")


def fitted(label, task, n, seed=0):
    rng = np.random.default_rng(seed)
    rows = rng.choice(task.rows, n, replace=False)
    archs = task.table.architectures[rows]
    cls, options = Choice.parse(label).resolve(PREDICTORS)
    predictor = cls(task.space, **options)
    predictor.fit(Batch(archs), task.query(archs), rng)
    return predictor, archs


def test_subtree_kernel_equals_grakel(cifar10, rng):
    from grakel import Graph
    from grakel.kernels import VertexHistogram, WeisfeilerLehman

    space = cifar10.space
    archs = space.sample(40, rng)
    graphs = space.graphs(archs)
    for direction, transpose in (("out", False), ("in", True)):
        adjacency = graphs.adjacency.swapaxes(1, 2) if transpose else graphs.adjacency
        theirs = [
            Graph(
                {(int(i), int(j)): 1.0 for i, j in np.argwhere(edges)},
                node_labels={i: int(label) for i, label in enumerate(labels)},
                graph_format="dictionary",
            )
            for edges, labels in zip(adjacency, graphs.operations, strict=True)
        ]
        expected = WeisfeilerLehman(n_iter=3, base_graph_kernel=VertexHistogram, normalize=True).fit_transform(theirs)
        encoding = make_encoding(space, f"wl,depth=3,direction={direction},live=False")
        encoding.fit(archs)
        from nasbench.surrogates._gp import SubtreeKernel

        kernel = SubtreeKernel(np.bincount(encoding.groups, minlength=encoding.n_groups).tolist())
        order = np.argsort(encoding.groups, kind="stable")
        x = torch.from_numpy(encoding.encode(archs)[:, order])
        np.testing.assert_allclose(kernel(x, x).to_dense().detach().numpy(), expected, atol=1e-5)


def test_unary_counts_give_sums_of_minima(cifar10, rng):
    space = cifar10.space
    archs = space.sample(30, rng)
    counts, unary = (make_encoding(space, f"wl,depth=2,unary={flag}") for flag in (False, True))
    for encoding in (counts, unary):
        encoding.fit(archs)
    plain, bits = counts.encode(archs), unary.encode(archs)
    assert set(np.unique(bits)) == {0.0, 1.0}
    np.testing.assert_allclose(bits @ bits.T, np.minimum(plain[:, None], plain[None]).sum(axis=2))


@pytest.mark.parametrize("label", ["functional_gp", "wl_gp", "wl_gp,kernel=subtree", "path_gp", "one_hot_gp"])
def test_the_gpytorch_model_gives_the_same_answers(cifar10, label):
    predictor, _ = fitted(label + (",target=score" if "target" not in label else ""), cifar10, 60)
    query = cifar10.space.rows[::500]
    own = predictor.predict(Batch(query))
    with torch.no_grad():
        model = predictor.model()
        theirs = model.likelihood(model(predictor.features(query)))
    scale = predictor.predict(Batch(query)).std / theirs.variance.sqrt().numpy()
    np.testing.assert_allclose(scale, scale[0], rtol=1e-5)
    centred = (own.mean - own.mean[0]) / scale[0]
    np.testing.assert_allclose(centred, (theirs.mean - theirs.mean[0]).numpy(), atol=1e-5)


@pytest.mark.parametrize("label", ["functional_gp", "wl_gp,kernel=subtree"])
def test_conditioning_equals_factoring_anew(cifar10, label):
    grown, _ = fitted(label, cifar10, 80)
    more = cifar10.space.sample(5, np.random.default_rng(9))
    score = cifar10.query(more)
    for i in range(5):
        grown.condition(Batch(more[i : i + 1]), score[i : i + 1])
    whole, _ = fitted(label, cifar10, 80)
    state = grown.state()
    del state["own/factor"], state["own/jitter"]
    whole.restore(state)
    query = Batch(cifar10.space.rows[::100])
    for a, b in zip(grown.predict(query), whole.predict(query), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7)
    restored, _ = fitted(label, cifar10, 10)
    restored.restore(grown.state())
    assert np.array_equal(restored.predict(query).mean, grown.predict(query).mean)


def test_hyperparameters_are_those_of_the_highest_marginal_likelihood(cifar10):
    """Scikit-learn's regressor agrees on the likelihood for the same kernel matrix; no nearby point is better."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import Matern, WhiteKernel

    predictor, archs = fitted("path_gp,smooth=False,target=score", cifar10, 50)
    from nasbench.surrogates._gp import exact

    length, signal, noise = np.exp(predictor._hyperparameters)
    x, y = predictor.features(archs).numpy(), predictor._value.numpy()
    kernel = signal * Matern(length, nu=2.5) + WhiteKernel(noise + exact.LEAST_NOISE)
    reference = GaussianProcessRegressor(kernel, optimizer=None, alpha=0).fit(x, y)
    products = predictor._module.compute_by_group(torch.from_numpy(x))
    given = torch.from_numpy(predictor._hyperparameters)
    loss = predictor._compute_negative_log_posterior(given, products, torch.from_numpy(y))
    own = -float(loss - exact.compute_minus_log_prior(given)) - len(y) / 2 * np.log(2 * np.pi)
    assert own == pytest.approx(reference.log_marginal_likelihood_value_, abs=1e-4)
    for step in (-0.1, 0.1):
        for i in range(3):
            moved = given.clone()
            moved[i] += step
            assert predictor._compute_negative_log_posterior(moved, products, torch.from_numpy(y)) > loss


def test_botorch_takes_the_kernel_and_the_model(cifar10):
    import botorch
    from botorch.acquisition import LogExpectedImprovement
    from botorch.models.gpytorch import GPyTorchModel

    predictor, archs = fitted("functional_gp", cifar10, 40)
    model = predictor.model()
    model.__class__ = type("BoTorchModel", (type(model), GPyTorchModel), {"num_outputs": 1, "_num_outputs": 1})
    x = predictor.features(cifar10.space.rows[::1000])
    improvement = LogExpectedImprovement(model, best_f=float(predictor._value.max()))
    values = improvement(x[:, None])
    assert values.shape == (16,)
    assert torch.isfinite(values).all()
    single = botorch.models.SingleTaskGP(
        predictor.features(archs), predictor._value[:, None], covar_module=predictor._module, outcome_transform=None
    )
    assert single.posterior(x[:, None]).mean.shape == (16, 1, 1)


def test_the_default_reaches_its_figures(cifar10):
    """Kendall's tau on a quarter of NAS-Bench-201, CIFAR-10; benchmarks/quality.py measures all the rest."""
    query = cifar10.table.architectures[cifar10.rows[::4]]
    truth = cifar10.query(query)
    for n, least in ((50, 0.73), (250, 0.86)):
        taus = []
        for seed in range(3):
            predictor, archs = fitted("functional_gp", cifar10, n, seed)
            rest = ~np.isin(cifar10.space.index(query), cifar10.space.index(archs))
            taus.append(kendalltau(predictor.predict(Batch(query[rest])).mean, truth[rest])[0])
        assert np.mean(taus) > least


@pytest.mark.parametrize("label", ["wl_gp", "functional_gp"])
def test_the_standard_deviation_is_of_the_right_size(cifar10, label):
    """Errors divided by standard deviations have a root mean square of one, in the normal scores of ranks."""
    query = cifar10.space.rows[::29]
    squares = []
    for seed in range(4):
        predictor, _ = fitted(label, cifar10, 150, seed)
        mean, std = predictor._predict(Batch(query))
        squares.append(np.square((predictor._target.forward(cifar10.query(query)) - mean) / std).mean())
    assert 0.8 < np.sqrt(np.mean(squares)) < 1.2


@pytest.mark.parametrize("label", ["wl_gp", "path_gp", "sum_gp", "one_hot_gp", "one_hot_gp@hamming", "functional_gp"])
def test_better_than_the_mean(cifar10, label):
    """Absolute errors are below those of the training mean; one-sided Wilcoxon test over 8 seeds."""
    query = cifar10.space.rows[::97]
    truth = cifar10.query(query)
    gains = []
    for seed in range(8):
        predictor, archs = fitted(label, cifar10, 40, seed)
        ours = np.abs(predictor.predict(Batch(query)).mean - truth).mean()
        gains.append(np.abs(cifar10.query(archs).mean() - truth).mean() - ours)
    assert wilcoxon(gains, alternative="greater").pvalue < 0.01
