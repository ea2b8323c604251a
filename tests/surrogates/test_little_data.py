"""Predictors with uninformative training sets, and with invalid input."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import nasbench
from nasbench.errors import PredictorError
from nasbench.predictions import Batch

pytest.importorskip("sklearn")


def problem(cifar10, n=24):
    archs = cifar10.space.sample(n, np.random.default_rng(0))
    return archs, cifar10.query(archs)


@pytest.mark.parametrize(
    "label",
    ["nu_svr", "sparse_gp", "functional_gp", "bayesian_linear_regression", "ngboost,n_rounds=10", "random_forest"],
)
def test_one_architecture_measured_often_is_expected_to_score_as_it_did(cifar10, label):
    """For scores around .9 that differ by .001, the prediction for this architecture lies among them."""
    if nasbench.registry.PREDICTORS.missing_extra(label.partition(",")[0]):
        pytest.skip("its extra is not installed")
    archs, score = np.repeat(cifar10.space.rows[5000:5001], 24, axis=0), 0.9 + 1e-3 * np.linspace(0, 1, 24)
    predictor = nasbench.make_predictor(cifar10.space, label)
    predictor.fit(Batch(archs), score, np.random.default_rng(0))
    prediction = predictor.predict(Batch(archs[:1]))
    assert 0.9 <= prediction.mean[0] <= 0.901
    assert np.isfinite(predictor.predict(Batch(cifar10.space.rows[::500])).mean).all()


def test_densities_of_ngboost_are_those_of_scipy(rng):
    ngboost = pytest.importorskip("nasbench.surrogates.trees.ngboost")
    loc, scale, y = rng.normal(size=100), np.exp(rng.normal(size=100)), rng.normal(size=100)
    expected = stats.norm(loc=loc, scale=scale).logpdf(y)
    np.testing.assert_array_equal(ngboost._Density(loc, scale).logpdf(y), expected)
    light = ngboost._LightNormal(np.stack([loc, np.log(scale)]))
    np.testing.assert_allclose(light.dist.logpdf(y), expected)
    assert ngboost._Density(loc, np.zeros(100)).logpdf(y).max() == -np.inf


@pytest.mark.parametrize(
    ("score", "says"),
    [
        (["good"] * 24, "scores have dtype <U4; expected numbers"),
        (np.full(24, 0.5) + 1j, "dtype complex128"),
        (np.linspace(0, 1e300, 24), "a score is 1e\\+300; expected absolute values up to 1e\\+100"),
        (np.linspace(0, 1e-300, 24), "nothing can be learnt"),
        (np.where(np.arange(24) == 3, np.nan, 0.5), "leave out crashed training runs"),
    ],
)
def test_useless_scores_are_refused(cifar10, score, says):
    archs, _ = problem(cifar10)
    with pytest.raises(PredictorError, match=says):
        nasbench.make_predictor(cifar10.space, "nu_svr").fit(Batch(archs), score, np.random.default_rng(0))


def test_scores_that_a_target_cannot_tell_apart_are_refused(cifar10):
    """Errors of 1e-9 and 2e-9 both count as 1e-6, the smallest that log_error distinguishes."""
    archs, _ = problem(cifar10)
    score = 1 - 1e-9 * (1 + np.arange(24) % 2)
    with pytest.raises(PredictorError, match="all the same to the target that NuSVR learns"):
        nasbench.make_predictor(cifar10.space, "nu_svr,target=log_error").fit(
            Batch(archs), score, np.random.default_rng(0)
        )


def test_a_wrong_batch_or_generator_is_refused(cifar10):
    archs, score = problem(cifar10)
    predictor = nasbench.make_predictor(cifar10.space, "nu_svr")
    with pytest.raises(PredictorError, match=r"expected a batch: nasbench\.Batch"):
        predictor.fit(archs, score, np.random.default_rng(0))
    with pytest.raises(PredictorError, match="rng is 3; expected a generator"):
        predictor.fit(Batch(archs), score, 3)


def test_another_number_of_proxies_than_learnt_from_is_refused(cifar10):
    archs, score = problem(cifar10)
    predictor = nasbench.make_predictor(cifar10.space, "zero_cost")
    batch = Batch(archs, proxies=np.stack([score, -score], axis=1))
    predictor.fit(batch, score, np.random.default_rng(0))
    with pytest.raises(PredictorError, match=r"proxies have shape \(24, 1\); those learnt from had \(24, 2\)"):
        predictor.predict(replace(batch, proxies=score[:, None]))
    with pytest.raises(PredictorError, match="proxies have dtype <U"):
        predictor.predict(replace(batch, proxies=np.full((24, 2), "high")))


def test_a_non_finite_prediction_is_an_error(cifar10):
    from nasbench.surrogates._predictor import CheckedPredictor

    class Lost(CheckedPredictor):
        def _fit(self, batch, value, rng): ...

        def _predict(self, batch):
            return np.where(np.arange(len(batch)) == 2, np.nan, 0.0), None

    archs, score = problem(cifar10)
    predictor = Lost(cifar10.space)
    predictor.fit(Batch(archs), score, np.random.default_rng(0))
    with pytest.raises(PredictorError, match="Lost returned a non-finite mean for 1 of 24 architectures"):
        predictor.predict(Batch(archs))
