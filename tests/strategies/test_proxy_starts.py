"""Searches that start from what untrained networks say."""

import numpy as np
import pytest

import nasbench
from nasbench.comparison import Experiment
from nasbench.comparison.experiment import Limits
from nasbench.comparison.verify import verify
from nasbench.errors import InvalidOption, UnknownName
from nasbench.strategies._sources import draw_known
from nasbench.strategies.model_based.area import AREA
from nasbench.strategies.transfer.warm_start import WarmStart
from nasbench.table import Table, find_table


def load(name):
    return Table(find_table(name))


def test_area_starts_from_the_best_half_by_a_proxy_and_unknown_ones_come_last(cifar10, proxies):
    space = cifar10.space
    first = AREA(space, np.random.default_rng(3), cheap_score="mine/ours").ask(100).arch
    drawn = space.sample(20, np.random.default_rng(3))
    known = np.where(space.index(drawn) % 2 == 0, cifar10.query(drawn), -1)
    assert len(first) == 10
    expected = drawn[np.sort(np.argsort(-known, kind="stable")[:10])]
    np.testing.assert_array_equal(first, expected)


def test_area_draws_from_what_a_table_scored_where_that_is_little(cifar10, few):
    """Of 20 random cells a table of 3 % scores none or one: the start would be random, and nobody would know."""
    table = load(few)
    for seed in range(5):
        first = AREA(cifar10.space, np.random.default_rng(seed), cheap_score="few/ours").ask(100).arch
        assert len(np.unique(first, axis=0)) == 10
        assert (table.index(first) >= 0).all()
    with pytest.raises(InvalidOption, match="has ours of 469 architectures; expected at least 500"):
        AREA(cifar10.space, np.random.default_rng(0), cheap_score="few/ours", population_size=500, n_candidates=500)


def test_a_warm_start_trains_the_best_by_a_proxy_first(cifar10, proxies):
    source = "table:mine/ours"
    (known,) = draw_known(source, "nb201-cifar10", cifar10.space, 50, np.random.default_rng(1))
    np.testing.assert_allclose(known.scores, cifar10.query(known.archs) ** 2)
    strategy = WarmStart(cifar10.space, np.random.default_rng(1), source=source, n_source=50, n_init=5)
    best = known.archs[np.argsort(-known.scores, kind="stable")[:5]]
    np.testing.assert_array_equal(strategy.ask(5).arch, best)


def test_proxies_of_the_searched_data_set_are_allowed_and_recorded(proxies, tmp_path):
    labels = ["area@start_only,cheap_score=mine/ours", "warm_start,source=table:mine/ours,inner=random_search"]
    record = nasbench.compare("nb201-cifar10", labels, runs=2, limits=Limits(trials=12), out=tmp_path / "out")
    assert list(record.spec["sources"]) == ["table:mine/ours"]
    assert not any(run.failed for label in labels for run in record.runs("nb201-cifar10", label))
    assert verify(record, rng=np.random.default_rng(0)).matches
    nested = Experiment.of("nb201-cifar10", f"warm_start,source={tmp_path / 'out'},inner=random_search")
    with pytest.raises(InvalidOption, match="of another data set"):
        nested.spec()
    assert (
        "table:mine/ours"
        in Experiment.of("nb201-cifar100", "npenas,predictor='zero_cost,proxies=mine/ours'").spec()["sources"]
    )


@pytest.mark.parametrize(
    ("label", "error", "says"),
    [
        ("area,cheap_score=mine/accuracy", UnknownName, "mine/cifar10/ours"),
        ("area,cheap_score=none_such/ours", UnknownName, "none_such"),
        ("warm_start,source=table:mine/accuracy", UnknownName, "mine/cifar10/ours"),
        ("warm_start,source=table:nbgraph/arxiv/n_params", InvalidOption, "has space 'nbgraph'"),
    ],
)
def test_what_is_no_proxy_is_refused_before_anything_runs(proxies, tmp_path, label, error, says):
    with pytest.raises(error, match=says):
        nasbench.compare("nb201-cifar10", label, runs=1, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
