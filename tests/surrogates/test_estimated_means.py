"""What a Gaussian process says of the mean score of an architecture that it was trained on: best linear prediction."""

import numpy as np
import pytest

from nasbench.errors import PredictorError
from nasbench.predictions import Batch, make_predictor

LABELS = ["functional_gp,target=score", "one_hot_gp,target=score", "one_hot_gp@hamming,target=score"]


def fitted(label, space, archs, scores):
    predictor = make_predictor(space, label)
    predictor.fit(Batch(archs), scores, np.random.default_rng(0))
    return predictor


def some(cifar10, n=60):
    archs = cifar10.space.sample(2 * n, np.random.default_rng(3))
    archs = np.unique(archs, axis=0)[:n]
    return archs, cifar10.query(archs, "valid", seed=0)


@pytest.mark.parametrize("label", LABELS)
def test_it_solves_the_mixed_model_equations(cifar10, label):
    """Henderson's equations of y = u + e, (R^-1 + G^-1) u = R^-1 y, with the covariances that GPyTorch says."""
    archs, scores = some(cifar10)
    predictor = fitted(label, cifar10.space, archs, scores)
    model, std = predictor.model(), scores.std()
    process = model.covar_module(predictor.features(archs)).to_dense().detach().numpy()
    together = model.likelihood.noise.item()  # of what is the architecture's own and of a training, in deviations
    noise = 0.6 * together**0.5 * std
    of_training = np.full(len(scores), (noise / std) ** 2)
    own = together - of_training[0]
    inverse = np.linalg.inv(process + own * np.eye(len(scores)))
    y = (scores - scores.mean()) / std
    solution = np.linalg.solve(np.diag(1 / of_training) + inverse, y / of_training)
    np.testing.assert_allclose(predictor.estimate_means(noise), scores.mean() + std * solution, rtol=1e-6)


@pytest.mark.parametrize("label", LABELS)
def test_it_lies_between_the_score_and_the_process(cifar10, label):
    archs, scores = some(cifar10)
    predictor = fitted(label, cifar10.space, archs, scores)
    np.testing.assert_allclose(predictor.estimate_means(0.0), scores, rtol=1e-12)
    np.testing.assert_allclose(predictor.estimate_means(10.0), predictor.predict(Batch(archs)).mean, rtol=1e-8)
    between = predictor.estimate_means(np.where(np.arange(len(scores)) % 2, 0.0, 10.0))
    np.testing.assert_allclose(between[1::2], scores[1::2], rtol=1e-12)
    np.testing.assert_allclose(between[::2], predictor.estimate_means(10.0)[::2], rtol=1e-12)


def test_it_is_closer_to_the_truth_than_score_and_process(cifar10):
    """Scores that are sums with known variances: over 20 draws, its squared error is the least of the three."""
    archs, _ = some(cifar10, 80)
    rng = np.random.default_rng(0)
    one_hot = np.eye(5)[archs].reshape(len(archs), -1)
    squared = np.square(one_hot[:, None] - one_hot).sum(-1)
    factor = np.linalg.cholesky(np.exp(-squared / 16) + 1e-9 * np.eye(len(archs)))
    errors = []
    for _ in range(20):
        truth = 0.9 + 0.02 * (factor @ rng.normal(size=len(archs))) + 0.006 * rng.normal(size=len(archs))
        scores = truth + 0.006 * rng.normal(size=len(archs))
        predictor = fitted("one_hot_gp,target=score", cifar10.space, archs, scores)
        of_three = scores, predictor.predict(Batch(archs)).mean, predictor.estimate_means(0.006)
        errors.append([np.square(estimate - truth).mean() for estimate in of_three])
    score, process, estimate = np.mean(errors, axis=0)
    assert estimate < 0.9 * score
    assert estimate < 0.95 * process


def test_it_knows_what_was_added_without_a_fit(cifar10):
    archs, scores = some(cifar10)
    predictor = fitted(LABELS[0], cifar10.space, archs[:50], scores[:50])
    predictor.condition(Batch(archs[50:]), scores[50:])
    np.testing.assert_allclose(predictor.estimate_means(0.0), scores, rtol=1e-12)


def test_it_wants_a_target_whose_noise_has_one_size(cifar10):
    archs, scores = some(cifar10, 20)
    with pytest.raises(PredictorError, match="target=score"):
        fitted("functional_gp", cifar10.space, archs, scores).estimate_means(0.01)
    with pytest.raises(PredictorError, match="not fitted; call fit first"):
        make_predictor(cifar10.space, LABELS[0]).estimate_means(0.01)
