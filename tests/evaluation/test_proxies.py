"""Zero-cost proxies reach predictors that need them, and only proxies do."""

import numpy as np
import pytest

import nasbench
from nasbench.errors import InvalidOption, UnknownName
from nasbench.evaluation._protocols import pool_of

pytest.importorskip("ngboost")

TASK = "nb201-cifar10"


def test_proxies_are_joined_by_architecture_and_accuracies_left_out(proxies, cifar10):
    pool = pool_of(cifar10, proxies)
    assert pool.proxies.shape == (len(pool), 1)
    known = np.isin(cifar10.space.index(pool.archs), np.arange(0, 15625, 2))
    assert np.isnan(pool.proxies[~known]).all()
    np.testing.assert_allclose(pool.proxies[known, 0], pool.score[known] ** 2)


def test_a_predictor_that_needs_them_gets_them(proxies, tmp_path):
    options = {"train_sizes": 40, "runs": 1, "test_size": 400, "protocols": ("random",)}
    record = nasbench.evaluate(TASK, "omni,n_rounds=30", **options, proxies=proxies, out=tmp_path / "with")
    assert "failed" not in str(record).splitlines()[-1]
    assert record.spec["proxies"].keys() == {"mine"}
    without = nasbench.evaluate(TASK, "omni,n_rounds=30", **options, out=tmp_path / "without")
    assert "needs proxies" in "".join(path.read_text() for path in (tmp_path / "without").rglob("*.jsonl"))
    assert without.spec["proxies"] == {}


def test_a_table_is_found_by_its_file_too(proxies, cifar10, home):
    by_name, by_file = (pool_of(cifar10, name).proxies for name in (proxies, str(home / "tables" / "mine.h5")))
    np.testing.assert_array_equal(by_name, by_file)


def test_a_table_that_has_none_is_refused(cifar10):
    with pytest.raises(UnknownName, match="mine"):
        pool_of(cifar10, "mine")
    with pytest.raises(InvalidOption, match="of space 'nbgraph'"):
        pool_of(cifar10, "nbgraph")
