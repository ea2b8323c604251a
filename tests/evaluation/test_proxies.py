"""Zero-cost proxies reach predictors that need them, and only proxies do."""

import numpy as np
import pytest

import nasbench
from nasbench.errors import InvalidOption, RecordError, UnknownName
from nasbench.evaluation.protocols import pool_of

pytest.importorskip("ngboost")

TASK = "nb201-cifar10"


def test_proxies_are_joined_by_architecture_and_accuracies_left_out(proxies, cifar10):
    """What the table lacks is neither learnt from nor tested: all of it would be ties."""
    pool = pool_of(cifar10, proxies)
    assert pool.proxies.shape == (len(pool), 1)
    np.testing.assert_array_equal(np.sort(cifar10.space.index(pool.archs)), np.arange(0, 15625, 2))
    assert pool.n_measured == 15625
    np.testing.assert_allclose(pool.proxies[:, 0], pool.score**2)


def test_what_few_proxies_cover_is_all_that_is_evaluated_and_it_is_said(few, tmp_path):
    """A perfect proxy of 3 % of the cells ranks those perfectly: with all others as ties tau was 0.09."""
    options = {"train_sizes": 20, "runs": 2, "protocols": ("random",)}
    record = nasbench.evaluate(TASK, "zero_cost", **options, proxies=few, out=tmp_path / "out")
    assert record.spec["covered"] == {TASK: [469, 15625]}
    assert [run.tests["random"]["n_test"] for run in record.runs(TASK, "zero_cost")] == [449, 449]
    assert all(run.tests["random"]["kendall"] > 0.99 for run in record.runs(TASK, "zero_cost"))
    assert "evaluated on 469 of 15,625 architectures of nb201-cifar10" in str(record.leaderboard())
    with pytest.raises(InvalidOption, match="leaves too few of nb201-cifar10's 469 architectures with a proxy in few"):
        nasbench.evaluate(TASK, "zero_cost", **options | {"train_sizes": 468}, proxies=few)
    with pytest.raises(RecordError, match="proxies"):  # another pool, hence other training sets
        nasbench.evaluate(TASK, "zero_cost", **options, out=tmp_path / "out")


def test_a_predictor_whose_own_table_covers_little_says_so(few, tmp_path):
    options = {"train_sizes": 40, "runs": 1, "test_size": 100, "protocols": ("random",)}
    record = nasbench.evaluate(TASK, "zero_cost,proxies=few/ours", **options, out=tmp_path / "out")
    (run,) = record.runs(TASK, "zero_cost,proxies=few/ours")
    assert "of 40 training architectures; the others would be ties" in run.error


def test_a_predictor_that_needs_them_gets_them(proxies, tmp_path):
    options = {"train_sizes": 40, "runs": 1, "test_size": 400, "protocols": ("random",)}
    record = nasbench.evaluate(TASK, "omni,n_rounds=30", **options, proxies=proxies, out=tmp_path / "with")
    assert "failed" not in str(record.leaderboard()).splitlines()[-1]
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
