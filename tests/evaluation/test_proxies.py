"""Zero-cost proxies reach predictors that need them, and only proxies do."""

import numpy as np
import pytest

import nasbench
from nasbench.errors import InvalidOption, UnknownName
from nasbench.evaluation._protocols import pool_of
from nasbench.table import Draft, Static, write_table
from nasbench.tasks import load_table_task

pytest.importorskip("ngboost")

TASK = "nb201-cifar10"


@pytest.fixture
def proxies(home):
    """A table with a proxy of half of the cells, and one that might be an accuracy."""
    task = load_table_task(TASK)
    archs = task.space.rows[::2]
    score = task.query(archs)
    columns = {"ours": ("none", score**2), "accuracy": ("fraction", score)}
    texts = dict.fromkeys(("title", "citation", "licence", "source", "notes"), "made by a test")
    statics = [
        Static(dataset="cifar10", metric=name, unit=unit, direction="maximize", values=values)
        for name, (unit, values) in columns.items()
    ]
    draft = Draft(
        name="mine", space="nb201", **texts, architectures=archs, cardinality=task.space.cardinality, statics=statics
    )
    write_table(draft, home / "tables" / "mine.h5")
    return "mine"


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


def test_a_table_that_has_none_is_refused(cifar10):
    with pytest.raises(UnknownName, match="mine"):
        pool_of(cifar10, "mine")
    with pytest.raises(InvalidOption, match="of space 'nbgraph'"):
        pool_of(cifar10, "nbgraph")
