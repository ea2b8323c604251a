"""Helpers of the tests of predictors: real measurements, and predictors evaluated on them."""

import sys

import numpy as np
import pytest
from scipy.stats import binomtest, kendalltau

from nasbench.predictions import Batch


@pytest.fixture(autouse=True)
def one_thread():
    """Limit torch to one thread: tests run in parallel, and threads that wait for other threads waste time."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def measured(cifar10):
    """Every architecture of NAS-Bench-201 and its mean validation accuracy on CIFAR-10."""
    archs = cifar10.space.rows
    return archs, cifar10.query(archs)


def trained(make, measured, n, seed=0):
    """Return a predictor fitted to ``n`` random architectures, and 1,000 others with their scores."""
    archs, score = measured
    order = np.random.default_rng(seed).permutation(len(archs))
    train, rest = order[:n], order[n : n + 1000]
    predictor = make()
    predictor.fit(Batch(archs[train]), score[train], np.random.default_rng(seed))
    return predictor, Batch(archs[rest]), score[rest]


def tau(make, measured, n, seed=0):
    predictor, batch, score = trained(make, measured, n, seed)
    return kendalltau(predictor.predict(batch).mean, score)[0]


def beats_the_mean_and_a_random_ranking(make, measured, n=60, seeds=7):
    """Smaller absolute error than the training mean, and Kendall tau above zero, at 7 of 7 fixed seeds.

    By chance, either happens with p = 2 ** -7 < 0.01 (sign test).
    """
    better = ranked = 0
    for seed in range(seeds):
        predictor, batch, score = trained(make, measured, n, seed)
        mean = predictor.predict(batch).mean
        better += np.abs(mean - score).mean() < np.abs(predictor._train_score.mean() - score).mean()
        ranked += kendalltau(mean, score)[0] > 0
    assert binomtest(better, seeds, alternative="greater").pvalue < 0.01, f"better than the mean in {better} of {seeds}"
    assert binomtest(ranked, seeds, alternative="greater").pvalue < 0.01, f"better than chance in {ranked} of {seeds}"
