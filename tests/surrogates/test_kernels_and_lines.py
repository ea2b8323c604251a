"""nu-SVR and Bayesian linear regression against their definitions."""

from functools import partial

import numpy as np
import pytest

from nasbench.errors import PredictorError
from nasbench.predictions import Batch
from nasbench.registry import PREDICTORS
from nasbench.surrogates._standard import Standard
from tests.surrogates.conftest import beats_the_mean_and_a_random_ranking, trained


@pytest.mark.parametrize("name", ["nu_svr", "bayesian_linear_regression"])
def test_each_beats_the_mean_and_a_random_ranking(name, cifar10, measured):
    beats_the_mean_and_a_random_ranking(partial(PREDICTORS.load(name), cifar10.space), measured)


def test_nu_bounds_the_share_of_support_vectors_from_below(cifar10, measured):
    """Schölkopf et al. 2000, proposition 1: nu is at most the share of support vectors."""
    few, many = (
        len(trained(partial(PREDICTORS.load("nu_svr"), cifar10.space, nu=nu), measured, 100)[0]._model.support_) / 100
        for nu in (0.2, 0.8)
    )
    assert 0.2 <= few < many
    assert many >= 0.8


def test_a_curve_that_foretells_the_score_is_used(cifar10, rng):
    archs = cifar10.space.sample(200, rng)
    end = rng.random(200)  # independent of the architecture
    curves = end[:, None] * np.array([0.4, 0.6, 0.7, 1.0])
    curves[::20, 1] = np.nan
    batch = Batch(archs, curves)
    svr = PREDICTORS.load("curve_svr")(cifar10.space, encoding="", configurations=50)
    svr.fit(batch.take(np.arange(150)), end[:150], rng)
    rest = batch.take(np.arange(150, 200))
    assert np.corrcoef(svr.predict(rest).mean, end[150:])[0, 1] > 0.8
    with pytest.raises(PredictorError, match="needs curves"):
        svr.predict(Batch(archs))


def test_standard_drops_what_says_nothing_and_fills_what_is_missing():
    features = np.array([[1.0, 5.0, np.nan, 0.0], [3.0, 5.0, np.nan, np.nan], [5.0, 5.0, np.nan, 2.0]])
    standard = Standard(features)
    assert standard.kept.tolist() == [0, 3]
    scaled = standard(features)
    np.testing.assert_allclose(scaled, [[-(1.5**0.5), -1], [0, 0], [1.5**0.5, 1]])
    assert standard(np.array([[1e9, 0, 0, np.nan]])).tolist() == [[10.0, 0.0]]
