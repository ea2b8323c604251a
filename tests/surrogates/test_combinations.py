"""Ensembles, tuning, zero-cost proxies and transfer."""

from functools import partial

import numpy as np
import pytest

from nasbench.choices import Choice
from nasbench.errors import InvalidOption, PredictorError
from nasbench.predictions import Batch, Prediction
from nasbench.registry import PREDICTORS
from nasbench.surrogates._ranges import Range
from nasbench.surrogates.combinations._members import deal_folds, parse_members
from nasbench.surrogates.combinations.ensemble import mix_predictions
from nasbench.tasks import TableTask
from tests.surrogates.conftest import beats_the_mean_and_a_random_ranking, tau, trained

LINE = "bayesian_linear_regression"
TREES = "xgboost,n_rounds=20,learning_rate=0.3,uncertainty=none"


def made(label, cifar10):
    cls, options = Choice.parse(label).resolve(PREDICTORS)
    return partial(cls, cifar10.space, **options)


def test_labels_with_options_nest_and_are_read_back():
    inner = f"{LINE}+xgboost,encoding='path_bag+canonical',max_depth=3"
    choice = Choice("ensemble", "", {"members": inner, "n_folds": 3})
    assert Choice.parse(choice.label) == choice
    first, second = parse_members(choice.options["members"])
    assert first.label == LINE
    assert second.options == {"encoding": "path_bag+canonical", "max_depth": 3}


def test_a_mixture_has_the_moments_of_what_is_drawn_from_it(rng):
    answers = [
        Prediction(np.array([0.0, 1.0]), np.array([1.0, 0.5])),
        Prediction(np.array([3.0, 1.0]), np.array([2.0, 0.1])),
    ]
    mean, std = mix_predictions(answers, np.array([0.25, 0.75]))
    which = (rng.random(400_000) < 0.75).astype(int)
    for i in range(2):
        means, stds = (np.array([getattr(answer, part)[i] for answer in answers]) for part in ("mean", "std"))
        draws = means[which] + stds[which] * rng.standard_normal(len(which))
        assert mean[i] == pytest.approx(draws.mean(), abs=0.02)
        assert std[i] == pytest.approx(draws.std(), rel=0.01)


def test_an_ensemble_of_equals_is_the_mean_of_its_members(cifar10, measured):
    predictor, batch, _ = trained(made(f'ensemble,members="{LINE}+{TREES}"', cifar10), measured, 50)
    parts = [member.predict(batch).mean for member in predictor._members]
    np.testing.assert_allclose(predictor.predict(batch).mean, np.mean(parts, axis=0))


def test_stacking_finds_the_member_that_knows(cifar10, measured):
    """One member reads the functional features, the other sees little more than the number of operations."""
    label = f'ensemble@stacked,members="{LINE}+{LINE},encoding=ordinal",n_folds=3'
    predictor, _, _ = trained(made(label, cifar10), measured, 150)
    good, bad = predictor.weights
    assert good + bad == pytest.approx(1)
    assert good > 2 * bad


def test_the_ensemble_beats_the_mean_and_a_random_ranking(cifar10, measured):
    beats_the_mean_and_a_random_ranking(made(f'ensemble,members="{LINE}+{TREES}"', cifar10), measured)


def test_an_ensemble_needs_what_its_members_need(cifar10):
    pytest.importorskip("ngboost")
    predictor = made(f'ensemble,members="omni,n_rounds=5+{LINE}"', cifar10)()
    assert predictor.needs == {"proxies"}
    assert predictor.min_points == 4


def test_twins_share_a_fold(cifar10, rng):
    archs = np.repeat(cifar10.space.sample(20, rng), 3, axis=0)
    parts = deal_folds(cifar10.space, Batch(archs), 4, rng)
    assert sorted(np.concatenate(parts).tolist()) == list(range(60))
    for rows in parts:
        for row in rows:
            assert {row // 3 * 3, row // 3 * 3 + 1, row // 3 * 3 + 2} <= set(rows.tolist())


def test_ranges_are_drawn_within_their_ends_and_on_their_scale(rng):
    whole = [Range(1, 4).draw(rng) for _ in range(200)]
    assert set(whole) == {1, 2, 3, 4}
    rates = np.array([Range(0.001, 1.0, log=True).draw(rng) for _ in range(2000)])
    assert rates.min() >= 0.001
    assert rates.max() <= 1
    assert np.median(rates) == pytest.approx(0.001**0.5, rel=0.2)


def test_tuning_mends_a_bad_setting(cifar10, measured):
    """Leaves of twenty out of sixty points predict poorly; tuning may change their size."""
    bad = "random_forest,max_features=0.3,n_trees=16"
    make = made(f'tuned,member="{bad}",n_configs=6', cifar10)
    worst = PREDICTORS.load("random_forest").ranges["min_samples_leaf"].high
    crippled = np.mean(
        [np.nan_to_num(tau(made(f"{bad},min_samples_leaf={worst}", cifar10), measured, 60, s)) for s in range(3)]
    )
    tuned = np.mean([tau(make, measured, 60, s) for s in range(3)])
    assert tuned > crippled + 0.05
    predictor, _, _ = trained(make, measured, 60)
    assert predictor.n_tried == 6
    assert not {"max_features", "n_trees"} & predictor.chosen.keys()  # options set in the label are not tuned


def test_tuning_chooses_what_cross_validation_finds_best(cifar10, measured):
    """None of the configurations tried has a higher value on the same folds than the chosen one."""
    predictor = made("tuned,member=nu_svr,n_configs=8", cifar10)()
    worths = []
    judge = predictor._evaluate_options
    predictor._evaluate_options = lambda options, *rest: (
        worths.append((judge(options, *rest), options)) or worths[-1][0]
    )
    archs, score = measured
    rows = np.random.default_rng(0).permutation(len(archs))[:80]
    predictor.fit(Batch(archs[rows]), score[rows], np.random.default_rng(0))
    assert len(worths) == 8
    assert len({worth for worth, _ in worths}) > 1
    assert predictor.chosen == max(worths, key=lambda pair: pair[0])[1]
    assert worths[0][1] == {}


def test_a_limit_in_seconds_stops_and_is_recorded(cifar10, measured):
    predictor, _, _ = trained(made("tuned,member=nu_svr,n_configs=10_000,seconds=0.2", cifar10), measured, 40)
    assert 1 <= predictor.n_tried < 10_000
    assert predictor.seconds_spent >= 0.2


def test_what_cannot_be_tuned_is_refused(cifar10):
    with pytest.raises(InvalidOption, match="declares no ranges"):
        made(f"tuned,member={LINE}", cifar10)()


def test_omni_learns_from_proxies_what_architectures_do_not_show(cifar10, rng):
    pytest.importorskip("ngboost")
    archs, score = cifar10.space.sample(160, rng), rng.random(160)
    proxies = np.column_stack([rng.random(160), np.exp(20 * score), np.full(160, np.nan)])
    proxies[::10, 1] = np.nan
    omni = made("omni,n_rounds=30,learning_rate=0.2,encoding=one_hot", cifar10)()
    batch = Batch(archs, proxies=proxies)
    omni.fit(batch.take(np.arange(100)), score[:100], rng)
    rest = np.arange(100, 160)
    mean = omni.predict(batch.take(rest)).mean
    known = ~np.isnan(proxies[rest, 1])
    assert np.isfinite(mean).all()
    assert np.corrcoef(mean[known], score[rest][known])[0, 1] > 0.7


@pytest.fixture
def transfer(cifar10):
    label = f"ranking_transfer,source=nb201-cifar100,n_source=200,member={LINE},source_member={LINE}"
    return made(label, cifar10)


def test_other_data_sets_help_at_twenty_points(transfer, cifar10, measured):
    """Better than the same predictor without a source at 7 of 7 seeds: p < 0.01 by the sign test."""
    cold = made(LINE, cifar10)
    assert all(tau(transfer, measured, 20, seed) > tau(cold, measured, 20, seed) for seed in range(7))


def test_transfer_is_kept_and_restored(transfer, measured):
    predictor, batch, _ = trained(transfer, measured, 20)
    other = transfer()
    other.restore(predictor.state())
    for seen, expected in zip(other.predict(batch), predictor.predict(batch), strict=True):
        np.testing.assert_array_equal(seen, expected)


def test_a_source_never_shows_its_test_split(transfer, measured, monkeypatch):
    asked = []
    query = TableTask.query
    monkeypatch.setattr(
        TableTask,
        "query",
        lambda self, archs, split="valid", **options: asked.append(split) or query(self, archs, split, **options),
    )
    trained(transfer, measured, 10)
    assert asked
    assert set(asked) == {"valid"}


def test_a_source_that_is_the_task_itself_is_refused(cifar10, measured):
    with pytest.raises(PredictorError, match="the very scores"):
        trained(made(f"ranking_transfer,source=nb201-cifar10,member={LINE}", cifar10), measured, 20)


def test_a_source_of_another_space_is_refused(cifar10):
    with pytest.raises(InvalidOption, match="the searched task has space 'nb201'"):
        made(f"ranking_transfer,source=nbgraph-cora,member={LINE}", cifar10)()
