"""Proxies are named by table and metric, and an accuracy is never one."""

import numpy as np
import pytest

from nasbench.errors import InvalidOption, UnknownName
from nasbench.table import Static, Table, TableBuilder, find_proxy, find_table, list_proxies, write_table


def test_what_may_be_an_accuracy_is_none(proxies):
    assert [(column.dataset, column.metric) for column in list_proxies(Table(find_table(proxies)))] == [
        ("cifar10", "ours")
    ]
    with pytest.raises(UnknownName, match="accuracy"):
        find_proxy("mine/accuracy", "nb201")
    assert list_proxies(Table(find_table(proxies)), {"cifar100"}) == []


@pytest.mark.parametrize("label", ["mine/ours", "mine/cifar10/ours", "{}/ours", "{}/cifar10/ours"])
def test_a_column_answers_for_what_it_holds(proxies, cifar10, home, label):
    column = find_proxy(label.format(home / "tables" / "mine.h5"), "nb201")
    values = column(cifar10.space.rows[:4])
    np.testing.assert_allclose(values[::2], cifar10.query(cifar10.space.rows[:4:2]) ** 2)
    assert np.isnan(values[1::2]).all()


@pytest.mark.parametrize(
    ("label", "error", "says"),
    [
        ("ours", InvalidOption, "expected TABLE/METRIC"),
        ("mine/", InvalidOption, "expected TABLE/METRIC"),
        ("mine/theirs", UnknownName, "mine/cifar10/ours"),
        ("mine/cifar100/ours", UnknownName, "mine/cifar10/ours"),
        ("yours/ours", UnknownName, "table 'yours'"),
        ("nbgraph/arxiv/n_params", InvalidOption, "but the search is in 'nb201'"),
    ],
)
def test_what_names_none_is_refused(proxies, label, error, says):
    with pytest.raises(error, match=says):
        find_proxy(label, "nb201")


def test_one_of_several_data_sets_has_to_be_named(home, draft):
    values = np.arange(12.0)
    statics = [
        Static(dataset=name, metric="snip", unit="none", direction="none", values=values) for name in ("one", "two")
    ]
    texts = {key: getattr(draft, key) for key in ("title", "space", "citation", "licence", "source", "notes")}
    rows, cardinality = draft.architectures, draft.cardinality
    table = TableBuilder(name="both", **texts, architectures=rows, cardinality=cardinality, statics=statics)
    write_table(table, home / "tables" / "both.h5")
    with pytest.raises(InvalidOption, match="both/one/snip"):
        find_proxy("both/snip", "nb201")
    np.testing.assert_array_equal(find_proxy("both/two/snip", "nb201")(rows), values)
