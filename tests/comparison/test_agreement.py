"""Whether a surrogate ranks strategies as its table does: the figure itself, and what it says of real tables."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from simulate_agreement import simulate_intervals

import nasbench
from nasbench.comparison.agreement import RunLevels, agreement, compute_tau_b, compute_tau_intervals
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
    assert found.mean.value == found.cells == found.decided == found.mean.high == 1
    assert -1 <= found.mean.low < 1
    assert found.ceiling.low < found.ceiling.value < found.ceiling.high
    assert {"simple_regret", "queries_to_target", "seconds_to_target"} <= found.by_metric.keys()
    assert found.by_metric["normalized_regret"] == found.by_metric["seconds_to_target"] == 1
    assert "trials" not in found.by_metric  # more of them is neither better nor worse
    found = agreement(both, task.name, "opposite")
    assert found.mean.value == -1
    assert found.decided == 0
    assert found.n_decided >= 10  # local search beats random search from early on: White et al. 2020


def test_the_rankings_are_those_of_the_interquartile_means(analysis):
    """scipy's tau of scipy's trimmed means, at the end of the budget."""
    (task,) = analysis.tasks
    other = replace(task, name="other", curves=task.curves[:, ::-1] ** np.array([1.0, 0.2, 3.0])[:, None, None])
    found = agreement(replace(analysis, tasks=[task, other]), task.name, "other")
    levels = [stats.trim_mean(one.curves[..., -1], 0.25, axis=1) for one in (task, other)]
    assert found.by_share[-1].value == pytest.approx(stats.kendalltau(*levels).statistic)


def test_pairs_that_a_task_does_not_decide_may_have_either_order():
    """Three strategies: the first is far better on both tasks, the others are alike, so that tau is 1/3 or 1."""
    rng = np.random.default_rng(0)
    levels = np.array([1.0, 5.0, 5.0])[:, None, None]
    a, b = (RunLevels(levels + rng.random((3, 2, 40)), np.zeros((3, 40), dtype=bool)) for _ in range(2))
    for interval in compute_tau_intervals(a, b):
        assert (interval.low, interval.high) == pytest.approx((1 / 3, 1))
    few = [own.take_runs(slice(9)) for own in (a, b)]
    assert np.isnan([interval[1:] for interval in compute_tau_intervals(*few)]).all()


def test_intervals_cover_as_often_as_they_say(request):
    """The tolerance is 4 standard errors."""
    n_samples = 300 if request.config.getoption("--everywhere") else 20
    for what, n, rate in simulate_intervals(n_samples):
        assert rate >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / n_samples), (what, n, rate)


def test_too_little_to_compare_is_refused(analysis):
    with pytest.raises(InvalidOption, match="no runs on nope"):
        agreement(analysis, "nb201-cifar10", "nope")
    (task,) = analysis.tasks
    few = replace(analysis, tasks=[replace(task, curves=task.curves[:2], failed=task.failed[:2])])
    with pytest.raises(InvalidOption, match="at least 3"):
        agreement(few, task.name, task.name)


@pytest.mark.parametrize("table", ["nb201-cifar10", "nbgraph-cora"])
def test_a_surrogate_of_a_real_table_ranks_strategies_as_the_table_does(tmp_path, home, table):
    """Learnt from 500 architectures, of 15,625 and 26,206; fixed seeds. Random order would agree in half the pairs."""
    fast = "lightgbm,uncertainty=none,encoding=canonical+live_operations+path_bag,n_rounds=100"
    fit_surrogate(table, SurrogateFit((fast,), n_train=500, members=2), name="x")
    record = nasbench.compare([table, "surrogate-x"], STRATEGIES, runs=30, out=tmp_path / "out")
    found = agreement(analyse(record), table, "surrogate-x")
    assert found.n_decided >= 5
    assert found.decided >= 0.9
    assert found.mean.value > found.ceiling.low
    assert found.cells > 0.6
