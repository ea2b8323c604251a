"""Boosted trees, forests and NGBoost against their own libraries, closed forms and real measurements."""

from functools import partial

import numpy as np
import pytest

from nasbench.choices import Choice
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch, make_predictor
from nasbench.registry import PREDICTORS
from tests.surrogates.conftest import beats_the_mean_and_a_random_ranking, tau, trained

FAST = {
    "xgboost": {"n_rounds": 40, "n_members": 3, "learning_rate": 0.2},
    "lightgbm": {"n_rounds": 40, "n_members": 3, "learning_rate": 0.2},
    "random_forest": {"n_trees": 25},
    "ngboost": {"n_rounds": 12, "learning_rate": 0.4},
}


@pytest.fixture(params=FAST)
def make(request, cifar10):
    return partial(PREDICTORS.load(request.param), cifar10.space, **FAST[request.param])


def test_each_beats_the_mean_and_a_random_ranking(make, measured):
    beats_the_mean_and_a_random_ranking(make, measured)


def test_functional_features_pass_the_best_one_hot_trees_known(cifar10, measured):
    """XGBoost on the one-hot code with ranks has a Kendall tau of .69 at 250 points (our target table)."""
    make = partial(PREDICTORS.load("xgboost"), cifar10.space, uncertainty="none", n_rounds=150)
    assert tau(make, measured, 250) > 0.80


def test_the_ranking_objective_ranks_and_answers_in_scores(cifar10, measured):
    make = partial(PREDICTORS.load("xgboost"), cifar10.space, **FAST["xgboost"], objective="pairwise")
    predictor, batch, score = trained(make, measured, 100)
    answer = predictor.predict(batch).mean
    assert tau(make, measured, 100) > 0.5
    assert np.median(np.abs(answer - score)) < 0.05
    assert score.min() - 0.1 < answer.min() < answer.max() < score.max() + 0.1


def test_xgboost_naslib_is_the_library_with_its_defaults(cifar10, measured):
    xgb = pytest.importorskip("xgboost")
    archs, score = measured
    cls, options = Choice.parse("xgboost@naslib,n_rounds=30").resolve(PREDICTORS)
    predictor = cls(cifar10.space, **options)
    predictor.fit(Batch(archs[::150]), score[::150], np.random.default_rng(0))
    features = cifar10.space.encode(archs, "one_hot")
    target = (score[::150] - score[::150].mean()) / score[::150].std()
    library = xgb.train({"nthread": 1}, xgb.DMatrix(features[::150], label=target), 30)
    expected = library.predict(xgb.DMatrix(features)) * score[::150].std() + score[::150].mean()
    np.testing.assert_allclose(predictor.predict(Batch(archs)).mean, expected, rtol=1e-6)


def test_lightgbm_one_leaf_more_than_a_stump_is_the_mean_of_two_halves(cifar10):
    """With two leaves and a learning rate of 1, one tree answers with means (Ke et al. 2017, equation 1)."""
    space = cifar10.space
    rows = space.rows[::50]
    score = np.where(rows[:, 0] == 3, 0.9, 0.2)
    predictor = PREDICTORS.load("lightgbm")(
        space,
        encoding="one_hot",
        target="score",
        uncertainty="none",
        n_rounds=1,
        num_leaves=2,
        learning_rate=1.0,
        feature_fraction=1.0,
        feature_fraction_bynode=1.0,
        bagging_fraction=1.0,
    )
    predictor.fit(Batch(rows), score, np.random.default_rng(0))
    others = space.rows[1::50]
    np.testing.assert_allclose(predictor.predict(Batch(others)).mean, np.where(others[:, 0] == 3, 0.9, 0.2), rtol=1e-5)


def test_forest_of_one_tree_knows_its_training_points(cifar10, measured):
    """A full tree without bootstrap reproduces its training points (Breiman 2001) if their features differ."""
    archs, _ = measured
    rows = archs[np.random.default_rng(0).permutation(len(archs))[:50]]
    score = np.random.default_rng(1).random(50)
    forest = PREDICTORS.load("random_forest")(
        cifar10.space, encoding="one_hot", target="score", n_trees=1, bootstrap=False
    )
    forest.fit(Batch(rows), score, np.random.default_rng(0))
    np.testing.assert_allclose(forest.predict(Batch(rows)).mean, score)


@pytest.mark.parametrize("name", FAST)
def test_uncertainty_tells_easy_from_hard_and_is_of_the_right_size(name, cifar10, measured):
    """Between a third and nearly all new points lie within one standard deviation, which grows with the errors."""
    make = partial(PREDICTORS.load(name), cifar10.space, **FAST[name])
    predictor, batch, score = trained(make, measured, 150)
    mean, std = predictor.predict(batch)
    error = np.abs(mean - score)
    assert 0.35 < (error < std).mean() < 0.95
    sure = std < np.median(std)
    assert error[sure].mean() < error[~sure].mean()


@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_quantiles_leave_about_a_sixth_of_the_training_points_on_either_side(name, cifar10, measured):
    """The normal distribution has 0.159 below its mean minus one standard deviation."""
    archs, score = measured
    cls = PREDICTORS.load(name)
    predictor = cls(cifar10.space, uncertainty="quantile", n_rounds=60, target="score")
    predictor.fit(Batch(archs[::15]), score[::15], np.random.default_rng(0))
    value = (score[::15] - score[::15].mean()) / score[::15].std()
    _, low, high = predictor._compute_answers(predictor._compute_features(Batch(archs[::15])))
    assert (value < low).mean() == pytest.approx(0.159, abs=0.08)
    assert (value > high).mean() == pytest.approx(0.159, abs=0.08)


def test_noise_that_members_share_is_found(cifar10):
    """For scores of pure noise, the standard deviation is that of the noise although the members agree."""
    rng = np.random.default_rng(0)
    rows = cifar10.space.sample(400, rng)
    score = 0.5 + 0.1 * rng.standard_normal(400)
    cls = PREDICTORS.load("xgboost")
    predictor = cls(cifar10.space, encoding="one_hot", target="score", n_rounds=20, max_depth=2)
    predictor.fit(Batch(rows), score, rng)
    assert np.median(predictor.predict(Batch(rows[:100])).std) == pytest.approx(0.1, rel=0.15)


def test_state_is_in_the_libraries_own_formats(cifar10, measured):
    for name, start in (("xgboost", b"{"), ("lightgbm", b"tree")):
        predictor, _, _ = trained(partial(PREDICTORS.load(name), cifar10.space, **FAST[name]), measured, 20)
        stored = predictor.state()["own/model0"]
        assert stored.dtype == np.uint8
        assert stored.tobytes().startswith(start)


@pytest.mark.parametrize(
    ("label", "complaint"),
    [
        ("xgboost,objective=best", "expected one of regression, pairwise"),
        ("xgboost@pairwise,uncertainty=quantile", "no quantiles"),
        ("xgboost,uncertainty=some", "expected one of bagging"),
        ("lightgbm,n_members=1", "at least 2"),
    ],
)
def test_options_that_make_no_sense_are_refused(label, complaint, cifar10):
    with pytest.raises(InvalidOption, match=complaint):
        make_predictor(cifar10.space, label)


def test_ngboost_adds_up_its_trees_as_the_library_does(cifar10, measured):
    make = partial(PREDICTORS.load("ngboost"), cifar10.space, **FAST["ngboost"], calibrated=False)
    predictor, batch, _ = trained(make, measured, 60)
    features = predictor._compute_features(batch)
    expected = predictor._model.pred_dist(features)
    mean, std = predictor._answer(features)
    np.testing.assert_allclose(mean, expected.loc, rtol=1e-9)
    np.testing.assert_allclose(std, expected.scale, rtol=1e-9)


def test_ngboost_takes_its_spread_from_points_that_it_has_not_seen(cifar10, measured):
    """68 % of new points should lie within one standard deviation; with the library's own, a third of that does."""
    overfitted = {"n_rounds": 60, "learning_rate": 0.3}
    shares = {}
    for calibrated in (False, True):
        make = partial(PREDICTORS.load("ngboost"), cifar10.space, **overfitted, calibrated=calibrated)
        predictor, batch, score = trained(make, measured, 100)
        mean, std = predictor.predict(batch)
        shares[calibrated] = (np.abs(mean - score) < std).mean()
    assert shares[False] < 0.4
    assert 0.55 < shares[True] < 0.85


def test_the_factor_is_that_of_a_normal_distribution(rng):
    """Normal errors with half the true standard deviation, and the conformal rank."""
    from nasbench.surrogates.trees.ngboost import find_std_factor

    assert find_std_factor(np.abs(2 * rng.standard_normal(200_000))) == pytest.approx(2, abs=0.02)
    assert find_std_factor(np.arange(1.0, 10)) == 7, "ceil(10 * 0.683) of nine"
    assert find_std_factor(np.array([3.0, 1.0])) == 3, "none beyond the largest"
