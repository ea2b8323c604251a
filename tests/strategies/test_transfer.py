"""Searches that learn from other data sets: what they see there, what is refused, and that it pays."""

from functools import partial

import numpy as np
import pytest
from scipy import stats

import nasbench
from nasbench import Budget, Simulation
from nasbench.choices import Choice
from nasbench.comparison import Experiment, Record
from nasbench.comparison.experiment import Limits
from nasbench.comparison.verify import verify
from nasbench.errors import InvalidOption, RecordError, UnknownName
from nasbench.registry import STRATEGIES
from nasbench.spaces import MeasuredSpace
from nasbench.strategies._sources import draw_known, draw_known_in_common, list_sources
from nasbench.strategies.transfer.meta_design import MetaDesign, normalize_regret, select_portfolio
from nasbench.strategies.transfer.warm_start import WarmStart
from nasbench.testing import check_strategy

OTHERS = "nb201-cifar100+nb201-imagenet16"
NBGRAPH = ["arxiv", "citeseer", "computers", "cora", "cs", "photo", "physics", "proteins", "pubmed"]


def final_scores(label, task, n_runs, n_trials, **options):
    """Reported score of the incumbent of each run; the same noise in the same run for all."""
    component, given = Choice.parse(label).resolve(STRATEGIES)
    scores = []
    for run in range(n_runs):
        own, noise = (np.random.default_rng([run, i]) for i in range(2))
        strategy = component(task.space, own, **given | options)
        backend = task.backend(noise)
        history = Simulation(strategy, backend, task.space, budget=Budget(trials=n_trials)).run()
        scores.append(task.query(history.arch[[np.nanargmax(history.score)]], task.reported[0])[0])
    return np.array(scores)


@pytest.mark.parametrize("label", ["warm_start", "meta_design"])
@pytest.mark.parametrize("name", ["nb201-cifar10", "nb201-cifar100"])
def test_it_beats_its_cold_start(label, name):
    """After 30 trainings, the same strategy without its sources: one-sided paired test, 20 fixed seeds, p < 0.05."""
    task = nasbench.load_task(name)
    warm = final_scores(label, task, 20, 30, target=name)
    cold = final_scores("regularized_evolution@nb201", task, 20, 30)
    assert stats.wilcoxon(warm, cold, alternative="greater").pvalue < 0.05


def test_a_source_shows_what_a_search_there_would_observe(cifar10):
    """Single trained seeds, each drawn: never the mean, which is what is reported."""
    (known,) = draw_known("nb201-cifar100", "nb201-cifar10", cifar10.space, 300, np.random.default_rng(0))
    source = nasbench.load_task("nb201-cifar100")
    seeds = np.stack([source.query(known.archs, seed=seed) for seed in source.observed.axes["seeds"]])
    shown = np.nanargmin(np.abs(seeds - known.scores), axis=0)
    assert known.scores == pytest.approx(seeds[shown, np.arange(300)], abs=0)
    assert (np.bincount(shown) > 20).all()
    assert len(np.unique(known.archs, axis=0)) == 300
    (again,) = draw_known("nb201-cifar100", "nb201-cifar10", cifar10.space, 300, np.random.default_rng(0))
    assert (again.archs == known.archs).all()
    assert (again.scores == known.scores).all()


def test_several_sources_are_known_of_the_same_architectures(cifar10, rng):
    archs, scores = draw_known_in_common(OTHERS, "nb201-cifar10", cifar10.space, 50, rng)
    assert archs.shape == (50, 6)
    assert scores.shape == (2, 50)
    for row, name in zip(scores, OTHERS.split("+"), strict=True):
        means = nasbench.load_task(name).query(archs)
        assert np.corrcoef(means, row)[0, 1] > 0.98


def test_a_smaller_space_learns_from_what_both_have(rng):
    task = nasbench.load_task("nbgraph-proteins")
    (known,) = draw_known("nbgraph-cora", "nbgraph-proteins", task.space, 5000, rng)
    assert len(known.archs) == task.space.size
    assert known.scores == pytest.approx(nasbench.load_task("nbgraph-cora").query(known.archs), abs=0)


def test_the_others_are_the_embedded_tasks_of_other_data_sets():
    assert list_sources("others", "nb201-cifar10") == ["nb201-cifar100", "nb201-imagenet16"]
    others = [f"nbgraph-{name}" for name in NBGRAPH if name != "cora"]
    assert sorted(list_sources("others", "nbgraph-cora")) == others


@pytest.mark.parametrize("label", ["warm_start", "meta_design"])
@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({}, InvalidOption, "a source of curves201-mnist1d, nb201-cifar10, nb201-cifar100, nb201-imagenet16"),
        ({"source": ""}, InvalidOption, "is empty"),
        ({"source": "nb201-cifar11"}, UnknownName, "nb201-cifar10"),
        (
            {"source": "nbgraph-cora"},
            InvalidOption,
            "space 'nbgraph', but the searched space is 'nb201'; choose one of curves201-mnist1d, nb201-cifar10",
        ),
        (
            {"source": "nbgraph-cora", "target": "nb201-cifar10"},
            InvalidOption,
            "space 'nbgraph', but the searched space is 'nb201'",
        ),
        ({"source": OTHERS, "target": "nb201-cifar100"}, InvalidOption, "would leak the target's results"),
        ({"source": "none", "n_init": 0}, InvalidOption, "at least 1"),
        ({"source": "none", "n_source": 0}, InvalidOption, "at least 1"),
        ({"source": "none", "inner": "no_such"}, UnknownName, "no_such"),
        ({"source": "none", "inner": "local_search,n_start=0"}, InvalidOption, "at least 1"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(cifar10, rng, label, options, error, says):
    component, _ = Choice.parse(label).resolve(STRATEGIES)
    with pytest.raises(error, match=says):
        component(cifar10.space, rng, **options)


@pytest.mark.parametrize("label", ["warm_start", "meta_design"])
@pytest.mark.parametrize("inner", ["local_search", "tpe", "reinforce"])
def test_it_keeps_the_contract_with_sources(cifar10, label, inner):
    component, _ = Choice.parse(label).resolve(STRATEGIES)
    check_strategy(partial(component, source=OTHERS, inner=inner, n_source=20), cifar10.space)


def test_the_design_is_the_best_of_each_source_in_turn(cifar10):
    known = draw_known(OTHERS, "", cifar10.space, 100, np.random.default_rng(3))
    tops = [source.archs[np.argsort(-source.scores, kind="stable")] for source in known]
    strategy = WarmStart(cifar10.space, np.random.default_rng(3), source=OTHERS, n_source=100)
    expected = {row.tobytes(): row for pair in zip(*tops, strict=True) for row in pair}
    assert (strategy.ask(10).arch == np.array(list(expected.values()))[:10]).all()
    assert len(strategy.ask(1).id) == 0, "it waits for the last of the design"


def test_the_portfolio_takes_what_helps_most_on_average():
    """By hand: column 2 is best alone; with it, column 0 lowers the mean to 0.05; then each source's best is there."""
    regret = np.array([[0.0, 0.9, 0.3, 0.5], [0.9, 0.0, 0.1, 0.4]])
    assert select_portfolio(regret, 2).tolist() == [2, 0]
    assert select_portfolio(regret, 3).tolist() == [2, 0, 1]
    assert select_portfolio(regret, 9).tolist() == [2, 0, 1, 3]
    assert normalize_regret(np.array([[0.25, 0.75, 0.5], [0.5, 0.5, 0.5]])).tolist() == [[1, 0, 0.5], [0, 0, 0]]


def test_no_portfolio_of_one_or_two_is_better_on_average(cifar10):
    """The first architecture minimises the mean normalised regret; no other second improves more (exhaustively)."""
    archs, scores = draw_known_in_common(OTHERS, "", cifar10.space, 60, np.random.default_rng(1))
    regret = normalize_regret(scores)
    design = MetaDesign(cifar10.space, np.random.default_rng(1), source=OTHERS, n_source=60, n_init=2).ask(2).arch
    first, second = ((archs == row).all(axis=1).argmax() for row in design)
    assert regret[:, first].mean() == regret.mean(axis=0).min()
    both = np.minimum(regret[:, [first]], regret).mean(axis=0)
    assert both[second] == np.delete(both, first).min()


def test_a_comparison_tells_the_target_and_records_the_sources(tmp_path):
    record = nasbench.compare(
        ["nb201-cifar10", "nb201-cifar100"], "warm_start", runs=2, limits=Limits(trials=12), out=tmp_path / "out"
    )
    sources = record.spec["sources"]
    assert sorted(sources) == ["nb201-cifar10", "nb201-cifar100", "nb201-imagenet16"]
    assert sources["nb201-cifar10"]["tables"] == {"nb201": nasbench.load_task("nb201-cifar10").table.checksum}
    assert not any(run.failed for task in record.tasks for run in record.runs(task, "warm_start"))
    assert verify(record, rng=np.random.default_rng(0)).matches
    # another task continues the record, and its sources join
    nasbench.compare("nbgraph-cora", "warm_start", runs=2, limits=Limits(trials=12), out=tmp_path / "out")
    assert "nbgraph-pubmed" in Record(tmp_path / "out").spec["sources"]
    record.spec["sources"]["nb201-cifar10"]["tables"]["nb201"] = "another"
    with pytest.raises(RecordError, match="source nb201-cifar10 is not the one recorded"):
        verify(record, rng=np.random.default_rng(0))


def test_a_record_is_a_source(cifar10, tmp_path, rng):
    path = tmp_path / "searched"
    record = nasbench.compare(["nb201-cifar100", "nbgraph-cora"], "local_search", runs=3, out=path)
    label = f"warm_start,source={path}"
    (known,) = draw_known(str(path), "nb201-cifar10", cifar10.space, 10_000, rng)
    trained = np.concatenate([run.history.arch for run in record.runs("nb201-cifar100", "local_search")])
    assert (np.unique(known.archs, axis=0) == np.unique(trained, axis=0)).all()
    entry = Experiment.of("nb201-cifar10", label).spec()["sources"][str(path)]
    assert len(entry["trials_sha256"]) == 64
    nasbench.compare("nb201-cifar100", "random_search", runs=3, out=path)
    assert Experiment.of("nb201-cifar10", label).spec()["sources"][str(path)] != entry
    with pytest.raises(InvalidOption, match="another data set"):
        Experiment.of("nb201-cifar100", label).spec()
    nasbench.compare("nb201-imagenet16", "warm_start", runs=1, out=tmp_path / "warm")
    with pytest.raises(InvalidOption, match="learnt from the data set of 'nb201-cifar10'"):
        Experiment.of("nb201-cifar10", f"warm_start,source={tmp_path / 'warm'}").spec()


def test_a_record_of_a_wider_space_gives_what_the_searched_space_has(cifar10, tmp_path, rng):
    record = nasbench.compare("nb201-cifar100", "random_search", runs=1, limits=Limits(trials=30), out=tmp_path)
    trained = np.unique(record.runs("nb201-cifar100", "random_search")[0].history.arch, axis=0)
    part = MeasuredSpace(cifar10.space, trained[:10])
    (known,) = draw_known(str(record.path), "nb201-cifar10", part, 10_000, rng)
    assert (np.unique(known.archs, axis=0) == np.unique(trained[:10], axis=0)).all()


def test_a_record_that_learnt_from_a_record_is_refused_too(tmp_path):
    """Searches of cifar100 start a search of imagenet16: that one knows of cifar100 at second hand."""
    nasbench.compare("nb201-cifar100", "random_search", runs=1, limits=Limits(trials=9), out=tmp_path / "a")
    warm = f"warm_start,source={tmp_path / 'a'}"
    nasbench.compare("nb201-imagenet16", warm, runs=1, limits=Limits(trials=9), out=tmp_path / "b")
    again = f"warm_start,source={tmp_path / 'b'}"
    with pytest.raises(InvalidOption, match="learnt from the data set of 'nb201-cifar100'"):
        Experiment.of("nb201-cifar100", again).spec()
    assert "sources" in Experiment.of("nb201-cifar10", again).spec()


@pytest.mark.parametrize("label", ["warm_start,target={}", "switching,then='rgpe,target={}'"])
def test_a_target_that_is_not_searched_is_refused(label):
    """Its others would hold the searched data set."""
    with pytest.raises(InvalidOption, match="target='nb201-cifar100', but 'nb201-cifar10' is searched"):
        Experiment.of("nb201-cifar10", label.format("nb201-cifar100")).spec()
    assert "nb201-cifar10" not in Experiment.of("nb201-cifar10", label.format("nb201-cifar10")).spec()["sources"]


@pytest.mark.parametrize("strategy", ["bayesian_optimization", "bore", "area", "pnas"])
@pytest.mark.parametrize(
    "predictor",
    ["ranking_transfer,source=nb201-cifar100", "ensemble,members='xgboost+multi_task_gp,source=nb201-cifar100'"],
)
def test_the_sources_of_a_predictor_are_recorded(strategy, predictor):
    label = Choice.parse(strategy).name, "", {"predictor": predictor}
    spec = Experiment.of("nb201-cifar10", Choice(*label)).spec()
    assert list(spec["sources"]) == ["nb201-cifar100"]
    with pytest.raises(InvalidOption, match="would leak the target's results"):
        Experiment.of("nb201-cifar100", Choice(*label)).spec()


def test_a_search_without_sources_records_none():
    assert "sources" not in Experiment.of("nb201-cifar10", "bayesian_optimization").spec()
