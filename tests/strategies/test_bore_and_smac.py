"""BORE's labels and its forest against a classifier; SMAC's share of random architectures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from nasbench.errors import InvalidOption
from nasbench.strategies.model_based.bore import BORE, label_best
from nasbench.strategies.model_based.smac import SMAC
from tests.strategies.test_model_based import answer, final_scores


@given(st.lists(st.integers(0, 30), min_size=2, max_size=60), st.floats(0.01, 0.99))
def test_the_labelled_are_the_best(scores, gamma):
    scores = np.array(scores, dtype=float)
    labels = label_best(scores, gamma)
    good, rest = scores[labels == 1], scores[labels == 0]
    assert len(good) >= gamma * len(scores)
    assert not len(rest) or good.min() > rest.max()
    assert len(np.unique(scores)) < len(scores) or len(good) == np.ceil(gamma * len(scores))


def test_least_squares_on_labels_splits_like_a_classifier(rng):
    """The variance of a 0/1 label is half of its Gini impurity (Breiman et al. 1984), so the trees are the same."""
    x = rng.random((80, 5))
    labels = label_best(x[:, 0] + x[:, 1] * x[:, 2], 0.25)
    options = {"n_estimators": 20, "max_features": 0.5, "random_state": 1}
    regression = RandomForestRegressor(**options).fit(x, labels)
    classes = RandomForestClassifier(**options).fit(x, labels)
    new = rng.random((200, 5))
    assert np.allclose(regression.predict(new), classes.predict_proba(new)[:, 1])


def test_bore_learns_labels_and_asks_the_most_likely(cifar10, rng):
    """Scores go with how often operation 3 occurs: so must what is asked, however the scores are stretched."""
    strategy = BORE(cifar10.space, rng, n_init=40, predictor="random_forest,target=score,n_trees=50,encoding=one_hot")
    first = strategy.ask(40)
    answer(strategy, first, np.exp(5 * (first.arch == 3).sum(axis=1)))
    asked = []
    for _ in range(5):
        trials = strategy.ask(1)
        asked.append((trials.arch == 3).sum())
        answer(strategy, trials, [np.exp(5 * asked[-1])])
    assert np.mean(asked) > np.sort((first.arch == 3).sum(axis=1))[-10:].mean()


def test_a_share_of_what_smac_asks_is_random(cifar10):
    """Where one operation is plainly best, what the model wants has more of it than what is drawn."""
    linear = "bayesian_linear_regression,encoding=one_hot,target=score"
    found = {}
    for share in (0, 0.5, 1):
        rng = np.random.default_rng(0)
        strategy = SMAC(cifar10.space, rng, n_init=30, random_share=share, predictor=linear, pool_size=20)
        first = strategy.ask(30)
        answer(strategy, first, (first.arch == 3).sum(axis=1))
        found[share] = np.concatenate([(strategy.ask(1).arch == 3).sum(axis=1) for _ in range(30)])
    assert found[0].min() > found[1].mean()
    assert stats.ttest_1samp(found[1], 6 / 5).pvalue > 0.01
    assert found[0].mean() > found[0.5].mean() > found[1].mean()


@pytest.mark.parametrize(
    "label",
    ['bore,pool_size=20,refit_every=3,predictor="random_forest,target=score,n_trees=20"', "smac,pool_size=50"],
)
def test_they_beat_random_search(cifar10, label):
    """After 60 trainings: 4 runs against 40, one-sided Mann-Whitney test, fixed seeds, p < 0.05."""
    found = final_scores(label, cifar10, 4, 60)
    test = stats.mannwhitneyu(found, final_scores("random_search", cifar10, 40, 60), alternative="greater")
    assert test.pvalue < 0.05, f"p = {test.pvalue:.4f}"


def test_shares_outside_their_range_are_refused(cifar10, rng):
    for gamma in (0, 1, np.nan):
        with pytest.raises(InvalidOption, match="gamma"):
            BORE(cifar10.space, rng, gamma=gamma)
    with pytest.raises(InvalidOption, match="random_share"):
        SMAC(cifar10.space, rng, random_share=1.2)
