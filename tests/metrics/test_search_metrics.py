"""Metrics of a real record against loops over its trials."""

import numpy as np
import pytest

import nasbench
from nasbench.comparison.analysis import analyse
from nasbench.comparison.experiment import Limits
from nasbench.errors import InvalidOption, UnknownName
from nasbench.metrics import make_metrics

STRATEGIES = ["random_search", "local_search"]


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return nasbench.compare("nb201-cifar10", STRATEGIES, runs=25, out=tmp_path_factory.mktemp("metrics") / "record")


@pytest.fixture(scope="module")
def analysed(record):
    names = ["queries_to_target,target=0.1", "queries_to_optimum,evaluated=true", "seconds_to_optimum,evaluated=true"]
    return analyse(record, names).tasks[0]


def incumbents(task, run):
    """Yield each incumbent's place among the trials, and its regret."""
    best = -np.inf
    for i, (arch, score) in enumerate(zip(run.history.arch, run.history.score[:, 0], strict=True)):
        if score > best:
            best = score
            yield i, task.optimum.score - task.query(arch[None])[0]


def test_times_to_optimum_and_target_are_those_of_a_loop(record, analysed):
    task = nasbench.load_task("nb201-cifar10")
    reached = 0
    for i, strategy in enumerate(STRATEGIES):
        for run in record.runs("nb201-cifar10", strategy):
            steps = list(incumbents(task, run))
            regrets = task.optimum.score - task.query(run.history.arch)
            found = {
                "to_optimum": [at for at, regret in steps if regret == 0],
                "to_target,target=0.1": [at for at, r in steps if r <= 0.1 * (task.optimum.score - task.random_score)],
                "to_optimum,evaluated=true": np.flatnonzero(regrets == 0).tolist(),
            }
            n = len(run.history.id)
            for name, at in found.items():
                queries = f"queries_{name}"
                assert analysed.censored[queries][i, run.number] == (not at)
                assert analysed.metrics[queries][i, run.number] == (at[0] + 1 if at else n)
                if (seconds := f"seconds_{name}") in analysed.metrics:
                    expected = run.history.finish_s[at[0]] if at else task.budget_s
                    assert analysed.metrics[seconds][i, run.number] == expected
                reached += bool(at)
    assert 10 < reached < 150


def test_other_metrics_are_those_of_a_loop(record, analysed):
    task = nasbench.load_task("nb201-cifar10")
    for i, strategy in enumerate(STRATEGIES):
        for run in record.runs("nb201-cifar10", strategy):
            found = {name: values[i, run.number] for name, values in analysed.metrics.items()}
            steps = list(incumbents(task, run))
            assert found["simple_regret"] == found["inference_regret"] == pytest.approx(steps[-1][1])
            assert found["normalized_inference_regret"] == found["normalized_regret"]
            assert found["best_score"] == np.nanmax(run.history.score)
            assert found["trials"] == len(run.history.id)
            assert found["overhead"] == pytest.approx(run.overhead_s, nan_ok=True)
            range_ = task.optimum.score - task.random_score
            assert found["mean_regret"] == pytest.approx(found["anytime"] * range_)


def test_numbers_of_a_task_to_be_minimised_have_its_sign(home, tmp_path):
    """The loss of a small table: the best observed score is the smallest loss."""
    record = nasbench.compare("curves201-mnist1d", "random_search", runs=3, limits=Limits(trials=5), out=tmp_path / "r")
    task, found = nasbench.load_task("curves201-mnist1d"), analyse(record).tasks[0]
    for run in record.runs("curves201-mnist1d", "random_search"):
        assert found.metrics["best_score"][0, run.number] == task.sign * run.history.score[:, 0].max()
    assert found.metric_scales["best_score"] == task.scale


class StopsEarly:
    """Random search that ends after three trials; with ``fails`` it raises."""

    def __init__(self, space, rng, *, fails: bool = False):
        self.space, self.rng, self.fails, self.n = space, rng, fails, 0

    def ask(self, n):
        self.n += 1
        if self.n > 3:
            raise RuntimeError("broken") if self.fails else nasbench.SearchFinished("enough")
        return nasbench.full_trainings(self.n, self.space.sample(1, self.rng))

    def tell(self, results):
        pass


@pytest.mark.parametrize("fails", [True, False])
def test_who_stops_early_is_followed_as_long_as_anybody(tmp_path, fails):
    """Giving up after three trials must not look like being cut off by the budget after three."""
    stops = f"{__name__}:StopsEarly,fails={fails}"
    record = nasbench.compare("nb201-cifar10", [stops, "random_search"], runs=6, out=tmp_path / "r")
    found = analyse(record).tasks[0]
    queries, longest = found.metrics["queries_to_optimum"], found.metrics["trials"].max()
    assert found.censored["queries_to_optimum"][0].all()
    assert (queries[0] == longest).all()
    assert (queries[1][found.censored["queries_to_optimum"][1]] == found.metrics["trials"][1]).any()
    assert (found.metrics["seconds_to_optimum"][0] == found.budget[0]).all()


def test_a_budget_of_trials_censors_all_alike(tmp_path):
    record = nasbench.compare("nbgraph-cora", STRATEGIES, runs=4, limits=Limits(trials=20), out=tmp_path / "r")
    found = analyse(record).tasks[0]
    censored = found.censored["queries_to_optimum"]
    assert (found.metrics["queries_to_optimum"][censored] == 20).all()


def test_a_run_without_an_incumbent_has_no_score_and_a_random_regret(tmp_path):
    record = nasbench.compare("nb201-cifar10", "random_search", runs=2, limits=Limits(seconds=100), out=tmp_path / "r")
    found, task = analyse(record).tasks[0], nasbench.load_task("nb201-cifar10")
    assert np.isnan(found.metrics["best_score"]).all()
    assert found.metrics["simple_regret"] == pytest.approx(task.optimum.score - task.random_score)
    assert np.isnan(found.summarize("best_score")).all()
    assert found.censored["queries_to_target"].all()


def test_every_metric_stays_within_its_bounds(analysed):
    for name, metric in make_metrics().items():
        low, high = metric.bounds
        values = analysed.metrics[name]
        assert values.shape == (2, 25)
        assert ((values >= low) & (values <= high)).all()
        assert metric.label


class NotAMetric:
    """Declares nothing."""


def test_what_is_not_a_metric_is_refused():
    with pytest.raises(UnknownName, match="queries_to_optimum"):
        make_metrics(["queries_to_optimun"])
    with pytest.raises(InvalidOption, match="not a subclass"):
        make_metrics([f"{__name__}:NotAMetric"])
    with pytest.raises(InvalidOption, match="target"):
        make_metrics(["queries_to_target,target=-1"])
