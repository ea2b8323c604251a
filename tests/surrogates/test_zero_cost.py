"""Proxies as predictors: one keeps its order, several use mean ranks, and learning finds the good one."""

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

import nasbench
from nasbench.errors import InvalidOption, PredictorError, UnknownName
from nasbench.importers import import_source
from nasbench.importers.table import AnyTable
from nasbench.predictions import Batch
from nasbench.surrogates.combinations.zero_cost import ZeroCost


def fitted(cifar10, proxies, rng, n=40, **options):
    """Return a predictor fitted to ``n`` random cells, and others with the proxies ``proxies(score)`` [n, p]."""
    archs = cifar10.space.sample(400, rng)
    score = cifar10.query(archs)
    known = proxies(score)
    predictor = ZeroCost(cifar10.space, **options)
    predictor.fit(Batch(archs[:n], proxies=known[:n]), score[:n], rng)
    return predictor, Batch(archs[n:], proxies=known[n:]), score[n:]


def test_one_proxy_orders_as_it_is_beyond_what_was_seen_too(cifar10, rng):
    predictor, batch, _ = fitted(cifar10, lambda score: rng.standard_cauchy((len(score), 1)), rng, n=5)
    assert spearmanr(predictor.predict(batch).mean, batch.proxies[:, 0]).statistic == pytest.approx(1)


def test_several_are_the_mean_of_their_ranks(cifar10, rng):
    """Two proxies on different scales: training points with equal rank sums have equal predictions."""
    archs = cifar10.space.rows[1000:1004]
    columns = np.array([[1.0, 1e9], [2.0, 3.0], [3.0, 2.0], [4.0, 1.0]])
    predictor = ZeroCost(cifar10.space)
    predictor.fit(Batch(archs, proxies=columns), np.array([0.1, 0.2, 0.3, 0.4]), rng)
    mean = predictor.predict(Batch(archs, proxies=columns)).mean
    np.testing.assert_allclose(mean, mean[0])  # ranks 1 4, 2 3, 3 2, 4 1


def test_a_missing_proxy_counts_as_the_training_median(cifar10, rng):
    archs = cifar10.space.rows[1000:1005]
    column = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])
    predictor = ZeroCost(cifar10.space)
    predictor.fit(Batch(archs, proxies=column), np.linspace(0.1, 0.5, 5), rng)
    asked = np.array([[np.nan], [3.0], [np.inf]])
    assert np.ptp(predictor.predict(Batch(archs[:3], proxies=asked)).mean) == 0


def test_learnt_weights_find_the_sign_and_the_good_one(cifar10, rng):
    def proxies(score):
        return np.column_stack([rng.random(len(score)), -np.exp(20 * score), np.full(len(score), np.nan)])

    predictor, batch, score = fitted(cifar10, proxies, rng, weights="learnt")
    prediction = predictor.predict(batch)
    assert kendalltau(prediction.mean, score).statistic > 0.9
    assert (prediction.std > 0).all()
    equal, batch, score = fitted(cifar10, proxies, rng)
    assert kendalltau(equal.predict(batch).mean, score).statistic < 0
    assert equal.predict(batch).std is None


def test_it_reads_a_table_if_the_batch_has_no_proxies(cifar10, proxies, rng):
    predictor = ZeroCost(cifar10.space, proxies="mine/ours")
    assert predictor.needs == frozenset()
    archs = cifar10.space.rows[::2][rng.permutation(7000)]
    score = cifar10.query(archs)
    predictor.fit(Batch(archs[:50]), score[:50], rng)
    assert spearmanr(predictor.predict(Batch(archs[50:])).mean, score[50:]).statistic == pytest.approx(1)
    assert ZeroCost.sources("any", {"proxies": "mine/ours + mine/cifar10/ours"}) == [
        "table:mine/ours",
        "table:mine/cifar10/ours",
    ]


def test_the_table_is_recorded(proxies, tmp_path):
    options = {"train_sizes": 20, "runs": 1, "test_size": 400, "protocols": ("random",)}
    record = nasbench.evaluate("nb201-cifar10", "zero_cost,proxies=mine/ours", **options, out=tmp_path / "out")
    assert list(record.spec["sources"]) == ["table:mine/ours"]
    assert record.spec["sources"]["table:mine/ours"].keys() == {"table_sha256"}


def test_what_it_cannot_read_is_refused(cifar10, rng):
    with pytest.raises(UnknownName, match="weights 'best'"):
        ZeroCost(cifar10.space, weights="best")
    with pytest.raises(InvalidOption, match="expected TABLE/METRIC"):
        ZeroCost(cifar10.space, proxies="naswot")
    with pytest.raises(PredictorError, match="needs proxies"):
        ZeroCost(cifar10.space).fit(Batch(cifar10.space.rows[:5]), np.linspace(0, 1, 5), rng)


def test_the_published_vote_ranks_as_published(cifar10, shared, home):
    """Abdelfattah et al. 2021, abstract: Spearman of 0.82 with validation accuracy for the best, a vote of three."""
    reader = AnyTable(map="nb201_zero_cost_cifar10")
    table = import_source(reader, shared / "nb201/zero_cost_proxies_cifar10.csv")
    labels = [f"{table.name}/{name}" for name in ("synflow", "jacov", "snip")]
    archs = table.architectures[np.random.default_rng(0).permutation(len(table))]
    score = cifar10.query(archs)
    predictor = ZeroCost(cifar10.space, proxies="+".join(labels))
    predictor.fit(Batch(archs[:1000]), score[:1000], np.random.default_rng(0))
    found = spearmanr(predictor.predict(Batch(archs[1000:])).mean, score[1000:]).statistic
    assert found == pytest.approx(0.82, abs=0.02)
