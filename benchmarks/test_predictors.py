"""Gaussian processes on NAS-Bench-201: fit with hyperparameters, then mean and deviation for all 15,625 cells.

The floor is the minimum for any exact process: a kernel matrix from given features, its Cholesky
factor, and a triangular solve for every distinct cell.
"""

import numpy as np
import pytest
from scipy.linalg import cholesky, solve_triangular

from nasbench.choices import Choice
from nasbench.encodings import make_encoding
from nasbench.encodings.wl import WeisfeilerLehmanEncoding
from nasbench.predictions import Batch
from nasbench.registry import PREDICTORS

SIZES = (100, 250, 500, 1000)


def training_set(task, n):
    rng = np.random.default_rng(n)
    archs = task.space.rows[rng.choice(len(task.space.rows), n, replace=False)]
    return archs, task.query(archs)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("label", ["wl_gp", "wl_gp,kernel=subtree", "functional_gp"])
def test_fit_and_predict_all(benchmark, cifar10, n, label):
    benchmark.group = f"fit on {n}, predict 15,625"
    archs, score = training_set(cifar10, n)
    cls, options = Choice.parse(label).resolve(PREDICTORS)
    everything = Batch(cifar10.space.rows)

    def run():
        predictor = cls(cifar10.space, **options)
        predictor.fit(Batch(archs), score, np.random.default_rng(0))
        return predictor.predict(everything)

    assert benchmark.pedantic(run, rounds=5, warmup_rounds=1).std.shape == (15625,)


@pytest.mark.parametrize("n", SIZES)
def test_floor_of_exact_regression(benchmark, cifar10, n):
    benchmark.group = f"fit on {n}, predict 15,625"
    archs, score = training_set(cifar10, n)
    encoding = make_encoding(cifar10.space, "wl,depth=3")
    encoding.fit(archs)
    distinct = np.unique(encoding.alike(cifar10.space.rows), return_index=True)[1]
    query, known = encoding.sparse(cifar10.space.rows[distinct]), encoding.encode(archs)

    def run():
        factor = cholesky(known @ known.T + 0.1 * np.eye(n), lower=True)
        across = query @ known.T
        explained = (solve_triangular(factor, across.T, lower=True) ** 2).sum(axis=0)
        return across @ solve_triangular(factor.T, solve_triangular(factor, score, lower=True)), explained

    assert benchmark.pedantic(run, rounds=5, warmup_rounds=1)[0].shape == distinct.shape


@pytest.mark.parametrize("n", SIZES)
def test_one_more_observation(benchmark, cifar10, n):
    benchmark.group = f"add one observation to {n}"
    archs, score = training_set(cifar10, n)
    cls, options = Choice.parse("functional_gp").resolve(PREDICTORS)
    predictor = cls(cifar10.space, **options)
    predictor.fit(Batch(archs), score, np.random.default_rng(0))
    state = predictor.state()

    def again():
        predictor.restore(state)
        return (Batch(archs[:1]), score[:1]), {}

    benchmark.pedantic(predictor.condition, setup=again, rounds=10)


def test_features_of_the_whole_space(benchmark, cifar10):
    benchmark.group = "Weisfeiler-Lehman features of 15,625 cells"
    encoding = WeisfeilerLehmanEncoding(cifar10.space, depth=3)
    benchmark.pedantic(encoding.counts, args=(cifar10.space.rows,), rounds=3)
