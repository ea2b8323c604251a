"""RGPE: weights by hand, by their laws, and in a search."""

import copy
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

import nasbench
from nasbench.errors import InvalidOption, UnknownName
from nasbench.predictions import Batch, make_predictor
from nasbench.strategies._ranking_ensemble import RankingEnsemble, SourceModel, predict_held_out
from nasbench.strategies._ranking_weights import (
    bootstrap_losses,
    compute_ranking_weights,
    count_misranked,
    count_misranked_held_out,
)
from nasbench.strategies._sources import Known
from nasbench.strategies.transfer.rgpe import RankingWeightedEnsemble
from nasbench.testing import check_strategy
from nasbench.trials import Results
from tests.strategies.test_transfer import OTHERS, final_scores

LINEAR = "bayesian_linear_regression,encoding=one_hot"


def test_misranked_pairs_are_counted_as_published():
    """Equation 5 for three points: the model swaps the last two, in both orders of the pair."""
    wrong = count_misranked(np.array([[0.1, 0.5, 0.3], [1.0, 2.0, 3.0]]), np.array([1.0, 2.0, 3.0]))
    assert wrong.sum(axis=(1, 2)).tolist() == [2, 0]
    assert wrong[0, 1, 2] == wrong[0, 2, 1] == 1


def test_what_was_held_out_is_compared_with_what_was_observed_of_the_others():
    """By hand: the second is expected below the first, the third above both; a point is not compared with itself."""
    wrong = count_misranked_held_out(np.array([1.5, 0.5, 9.0]), np.array([1.0, 2.0, 3.0]))
    assert wrong.tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_a_target_of_which_nothing_is_known_yet_is_better_than_chance():
    """Means of all others run against the scores: with each other they misrank every pair, with the scores a quarter.

    A score on the far side of the mean is ranked rightly, of two on the same side every second one.
    """
    score = np.random.default_rng(3).normal(size=50)
    expected = (score.sum() - score) / 49
    pairs = 50 * 49
    assert count_misranked(expected[None], score).sum() == pairs
    assert count_misranked_held_out(expected, score).sum() == pytest.approx(pairs / 4, rel=0.1)


def test_a_bootstrap_loss_is_the_loss_of_the_points_drawn(rng):
    wrong = count_misranked(rng.random((3, 8)), rng.random(8))
    losses = bootstrap_losses(wrong, 500, np.random.default_rng(7))
    counts = np.random.default_rng(7).multinomial(8, np.full(8, 1 / 8), size=500)
    for sample in range(5):
        drawn = np.repeat(np.arange(8), counts[sample])
        assert losses[:, sample] == pytest.approx(wrong[:, drawn][:, :, drawn].sum(axis=(1, 2)))


def test_the_weight_is_the_share_of_samples_won():
    """By hand: the first wins two samples and shares the last; the target wins where it is among the best."""
    losses = np.array([[1.0, 1.0, 3.0, 2.0], [2.0, 2.0, 2.0, 2.0], [2.0, 2.0, 2.0, 3.0]])
    assert compute_ranking_weights(losses).tolist() == [0.625, 0.125, 0.25]


def test_a_hopeless_source_gets_nothing_though_it_wins_now_and_then():
    """Its median is beyond the 95th percentile of the target's losses; without the guard it would win one in four."""
    losses = np.array([[0.0, 9.0, 9.0, 9.0], [2.0, 2.0, 2.0, 2.0]])
    assert compute_ranking_weights(losses).tolist() == [0.0, 1.0]


@given(arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 20)), elements=st.integers(0, 6).map(float)))
def test_weights_are_a_distribution(losses):
    weights = compute_ranking_weights(losses)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)


def ensemble(space, source_scores, target_scores, n):
    rng = np.random.default_rng(0)
    archs = space.sample(150, rng)
    sources = [SourceModel(space, LINEAR, Known("s", archs, scores(archs)), rng) for scores in source_scores]
    model = RankingEnsemble(space, predictor=LINEAR, sources=sources)
    seen = space.sample(n, rng)
    model.fit(Batch(seen), target_scores(seen), rng)
    return model


def test_a_source_alike_is_trusted_and_one_reversed_is_not(cifar10):
    """With ten points the target's own model of a linear landscape is poor; a source with the same one ranks all."""
    weights = np.random.default_rng(1).normal(size=(6, 5))

    def landscape(archs):
        return weights[np.arange(6), archs].sum(axis=1)

    model = ensemble(cifar10.space, [landscape, lambda archs: -landscape(archs)], landscape, 10)
    assert model.weights[0] > 0.9
    assert model.weights[1] == 0
    tau = stats.kendalltau(model.predict(Batch(cifar10.space.rows)).mean, landscape(cifar10.space.rows)).statistic
    alone = ensemble(cifar10.space, [], landscape, 10)
    assert alone.weights.tolist() == [1.0]
    alone_tau = stats.kendalltau(alone.predict(Batch(cifar10.space.rows)).mean, landscape(cifar10.space.rows)).statistic
    assert tau > 0.9 > alone_tau


def test_with_many_points_the_target_is_its_own_best_model(cifar10):
    task = cifar10

    def other(archs):
        return archs.sum(axis=1).astype(float)

    model = ensemble(task.space, [other], task.query, 60)
    assert model.weights[-1] > 0.9


def test_the_target_is_not_judged_on_what_it_was_fitted_to(cifar10, rng):
    """A Gaussian process nearly passes through its points; held out, it is worse, and no fold sees its own."""
    archs = cifar10.space.sample(40, rng)
    score = np.random.default_rng(0).random(40)  # nothing can be learnt of noise
    model = make_predictor(cifar10.space, "one_hot_gp")
    model.fit(Batch(archs), score, rng)
    expected = predict_held_out(cifar10.space, "one_hot_gp", model, Batch(archs), score, rng)
    assert np.corrcoef(expected, score)[0, 1] < 0.4
    linear = make_predictor(cifar10.space, LINEAR)
    assert np.isfinite(predict_held_out(cifar10.space, LINEAR, linear, Batch(archs), score, rng)).all()


@pytest.mark.slow
def test_it_beats_its_cold_start():
    """After 25 trainings, a linear model in place of the process, few candidates: paired test, 24 seeds, p < 0.05."""
    name = "nb201-cifar100"
    task = nasbench.load_task(name)
    label = f'rgpe,predictor="{LINEAR}",pool=half,pool_size=60'
    warm = final_scores(label, task, 24, 25, target=name)
    cold = final_scores(label, task, 24, 25, source="none")
    assert stats.wilcoxon(warm, cold, alternative="greater").pvalue < 0.05


def test_it_keeps_the_contract_with_sources(cifar10):
    options = {"source": OTHERS, "predictor": LINEAR, "n_init": 50, "n_source": 10, "pool": "random", "pool_size": 5}
    check_strategy(partial(RankingWeightedEnsemble, **options), cifar10.space)


def test_a_copy_made_mid_search_goes_on_to_the_same_bits(cifar10):
    strategy = RankingWeightedEnsemble(
        cifar10.space, np.random.default_rng(0), source="nb201-cifar100", predictor="one_hot_gp", n_source=20
    )
    for _ in range(2):
        trials = strategy.ask(6)
        score = cifar10.query(trials.arch)[:, None]
        strategy.tell(Results(trials.id, np.full(6, 200), score, np.ones(6)))
    again = copy.deepcopy(strategy)
    assert (strategy.ask(3).arch == again.ask(3).arch).all()


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({}, InvalidOption, r"a source of .*nb201-cifar10"),
        ({"source": "none", "n_source": 1}, InvalidOption, "at least 2"),
        ({"source": "none", "acquisition": "best"}, UnknownName, "acquisition"),
        ({"source": "nbgraph-cora"}, InvalidOption, "space 'nbgraph'"),
    ],
)
def test_options_out_of_range_are_refused(cifar10, rng, options, error, says):
    with pytest.raises(error, match=says):
        RankingWeightedEnsemble(cifar10.space, rng, **options)
