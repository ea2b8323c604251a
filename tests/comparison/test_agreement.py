"""Whether a surrogate ranks strategies as its table does: the figure itself, and what it says of real tables."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import nasbench
from nasbench.comparison.agreement import agreement, compute_tau_b
from nasbench.comparison.analysis import analyse
from nasbench.errors import InvalidOption
from nasbench.tasks import SurrogateFit, fit_surrogate

STRATEGIES = ("random_search", "regularized_evolution@nb201", "local_search")


def test_tau_is_scipy_s(rng):
    x, y = rng.integers(0, 5, size=(2, 40, 7)).astype(float)
    x[0] = 1.0
    with np.errstate(invalid="ignore"):
        expected = [stats.kendalltau(a, b).statistic for a, b in zip(x, y, strict=True)]
    assert compute_tau_b(x, y) == pytest.approx(np.nan_to_num(expected))


@pytest.fixture(scope="module")
def analysis(tmp_path_factory):
    record = nasbench.compare("nb201-cifar10", STRATEGIES, runs=30, out=tmp_path_factory.mktemp("record"))
    return analyse(record)


def test_a_task_agrees_with_itself_and_not_with_its_opposite(analysis):
    (task,) = analysis.tasks
    opposite = replace(task, name="opposite", curves=-task.curves)
    same = replace(task, name="same")
    both = replace(analysis, tasks=[task, opposite, same])
    found = agreement(both, task.name, "same")
    assert found.mean.value == found.cells.value == found.decided == 1
    assert found.mean.low <= found.mean.value
    assert {"simple_regret", "queries_to_target", "seconds_to_target"} <= found.by_metric.keys()
    assert found.by_metric["normalized_regret"] == found.by_metric["seconds_to_target"] == 1
    assert "trials" not in found.by_metric  # more of them is neither better nor worse
    found = agreement(both, task.name, "opposite")
    assert found.mean.value == -1
    assert found.decided == 0
    assert found.n_decided >= 10  # local search beats random search from early on: White et al. 2020


def test_too_little_to_compare_is_refused(analysis):
    with pytest.raises(InvalidOption, match="no runs on nope"):
        agreement(analysis, "nb201-cifar10", "nope")
    (task,) = analysis.tasks
    few = replace(analysis, tasks=[replace(task, curves=task.curves[:2])])
    with pytest.raises(InvalidOption, match="at least 3"):
        agreement(few, task.name, task.name)


@pytest.mark.parametrize("table", ["nb201-cifar10", "nbgraph-cora"])
def test_a_surrogate_of_a_real_table_ranks_strategies_as_the_table_does(tmp_path, home, table):
    """Learnt from 500 architectures, of 15,625 and 26,206; fixed seeds. Random order would agree in half the pairs."""
    fast = "lightgbm,uncertainty=none,encoding=canonical+live_operations+path_bag,n_rounds=100"
    fit_surrogate(table, SurrogateFit((fast,), n_train=500, members=2), name="x")
    record = nasbench.compare([table, "surrogate-x"], STRATEGIES, runs=30, out=tmp_path / "out")
    found = agreement(analyse(record), table, "surrogate-x")
    assert found.n_decided >= 8
    assert found.decided >= 0.9
    assert found.mean.value > found.ceiling.low
    assert found.cells.value > 0.6
