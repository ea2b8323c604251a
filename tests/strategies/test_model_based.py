"""Model-based search: what reaches the model, how a batch is chosen, and that it pays."""

import copy

import numpy as np
import pytest
from scipy import stats

import nasbench
from nasbench import Budget, Simulation
from nasbench.choices import Choice
from nasbench.errors import InvalidOption, SearchFinished, UnknownName
from nasbench.predictions import Prediction
from nasbench.registry import STRATEGIES
from nasbench.strategies._online_predictor import OnlinePredictor
from nasbench.strategies.model_based.bayesian_optimization import BayesianOptimization
from nasbench.trials import Results

LINEAR = "bayesian_linear_regression,encoding=one_hot"
QUICK = {"predictor": LINEAR, "pool": "random", "pool_size": 20}


class Recorder:
    """A predictor that keeps what it was taught: the mean of the digits, uncertain everywhere alike."""

    needs = frozenset()
    seen: list = []  # noqa: RUF012 (emptied by each test)
    asked: list = []  # noqa: RUF012

    def __init__(self, space):
        pass

    def fit(self, batch, score, rng):
        self.seen.append((len(batch), score.copy()))

    def predict(self, batch):
        self.asked.append(batch.archs)
        return Prediction(batch.archs.mean(axis=1), np.full(len(batch), 0.1))


def answer(strategy, trials, scores):
    n = len(trials.id)
    strategy.tell(Results(trials.id, np.full(n, 200), np.array(scores, dtype=float)[:, None], np.ones(n)))


def ask_for_all(strategy, asked, scores):
    while True:
        trials = strategy.ask(len(scores))
        asked |= {row.tobytes() for row in trials.arch}
        answer(strategy, trials, scores[: len(trials.id)])


def made(label, space, rng):
    component, options = Choice.parse(label).resolve(STRATEGIES)
    return component(space, rng, **options)


def search(label, task, run, n_trials):
    own, noise = (np.random.default_rng([run, i]) for i in range(2))
    backend = task.backend(noise)
    strategy = made(label, task.space, own)
    history = Simulation(strategy, backend, task.space, budget=Budget(trials=n_trials)).run()
    return history, task.query(history.arch[[np.nanargmax(history.score)]])[0]


def final_scores(label, task, n_runs, n_trials):
    return np.array([search(label, task, run, n_trials)[1] for run in range(n_runs)])


@pytest.fixture(scope="module", params=["nb201-cifar10", "nb201-cifar100", "nbgraph-arxiv", "nbgraph-proteins"])
def task_and_random(request):
    task = nasbench.load_task(request.param)
    return task, final_scores("random_search", task, 40, 100)


@pytest.mark.parametrize(("label", "n_runs"), [("auto", 3), ("nas_bowl", 8)])
def test_it_beats_random_search(task_and_random, label, n_runs):
    """After 100 trainings: so many runs against 40, one-sided Mann-Whitney test, fixed seeds, p < 0.05."""
    task, random = task_and_random
    test = stats.mannwhitneyu(final_scores(label, task, n_runs, 100), random, alternative="greater")
    assert test.pvalue < 0.05, f"{label} on {task.name}: p = {test.pvalue:.4f}"


@pytest.mark.slow
@pytest.mark.parametrize("label", ["bayesian_optimization", "bananas"])
def test_slower_models_beat_random_search(cifar10, label):
    """After 80 trainings of CIFAR-10: 4 runs against 40, one-sided Mann-Whitney test, fixed seeds, p < 0.05."""
    random = final_scores("random_search", cifar10, 40, 80)
    test = stats.mannwhitneyu(final_scores(label, cifar10, 4, 80), random, alternative="greater")
    assert test.pvalue < 0.05, f"{label}: p = {test.pvalue:.4f}"


@pytest.mark.parametrize("batching", ["top", "believer", "penalty"])
@pytest.mark.parametrize("acquisition", ["ei", "log_ei", "pi", "ucb", "randomized_ucb", "thompson", "its", "exploit"])
def test_every_acquisition_finds_the_best_of_a_linear_landscape(cifar10, acquisition, batching):
    space = cifar10.space
    weights = np.random.default_rng(1).random((6, 5))
    score = weights[np.arange(6), space.rows].sum(axis=1)
    strategy = BayesianOptimization(
        space,
        np.random.default_rng(0),
        predictor=LINEAR,
        acquisition=acquisition,
        batching=batching,
        batch=3,
        n_init=30,
        refit_every=1,
    )
    best = -np.inf
    for _ in range(25):
        trials = strategy.ask(3)
        found = score[space.index(trials.arch)]
        best = max(best, found.max())
        answer(strategy, trials, found)
    assert (score > best).mean() < 0.001


def test_the_best_of_the_whole_space_is_asked_next(cifar10):
    """Exploiting the mean of the digits: the rows with the largest digits, in order."""
    strategy = BayesianOptimization(
        cifar10.space, np.random.default_rng(0), predictor=Recorder, acquisition="exploit", n_init=3, batching="top"
    )
    answer(strategy, strategy.ask(3), [0.1, 0.2, 0.3])
    asked = strategy.ask(4).arch
    assert (asked.sum(axis=1) == [24, 23, 23, 23]).all()
    assert (strategy.ask(3).arch.sum(axis=1) == 23).all()


def test_crashes_are_not_learnt_from_and_equal_scores_are_no_reason_to_fail(cifar10):
    Recorder.seen.clear()
    strategy = BayesianOptimization(
        cifar10.space, np.random.default_rng(0), predictor=Recorder, n_init=4, refit_every=1, pool="random"
    )
    answer(strategy, strategy.ask(4), [0.5, 0.5, np.nan, 0.5])
    assert len(strategy.ask(2).id) == 2
    assert Recorder.seen == []
    answer(strategy, strategy.ask(1), [0.7])
    strategy.ask(1)
    ((n, scores),) = Recorder.seen
    assert (n, scores.tolist()) == (4, [0.5, 0.5, 0.5, 0.7])


def test_a_fit_is_due_only_now_and_then(cifar10):
    Recorder.seen.clear()
    strategy = BayesianOptimization(
        cifar10.space, np.random.default_rng(0), predictor=Recorder, n_init=5, refit_every=10, pool="random"
    )
    for i in range(30):
        answer(strategy, strategy.ask(1), [i / 100])
    assert [n for n, _ in Recorder.seen] == [5, 15, 25]


def test_a_belief_leaves_the_mean_and_takes_the_doubt(cifar10, rng):
    """Conditioning on its own mean changes no mean; where the belief is, less is left to learn."""
    space = cifar10.space
    model = OnlinePredictor(space, "one_hot_gp,target=score", refit_every=10)
    archs, pending = space.sample(40, rng), space.sample(3, rng)
    assert model.learn(archs, cifar10.query(archs), rng)
    alone = model.forecast(pending[:0])(pending)
    believed = model.forecast(pending)(pending)
    assert believed.mean == pytest.approx(alone.mean, abs=0.1 * alone.std.min())
    assert (believed.std < alone.std).all()
    assert (model.forecast(pending[:0])(pending).mean == alone.mean).all()


def test_old_results_that_changed_wait_for_the_next_fit(cifar10, rng):
    """A process that was told other labels is not told some new ones besides."""
    space = cifar10.space
    model = OnlinePredictor(space, "one_hot_gp,target=score", refit_every=10)
    archs, labels = space.sample(32, rng), np.arange(32) % 2.0
    model.learn(archs[:30], labels[:30], rng)
    before = model.forecast(archs[:0])(archs).mean
    model.learn(archs[:31], 1 - labels[:31], rng)
    assert (model.forecast(archs[:0])(archs).mean == before).all()
    model.learn(archs[:31], labels[:31], rng)
    assert (model.forecast(archs[:0])(archs).mean != before).any()


def test_a_predictor_that_needs_curves_is_refused(cifar10, rng):
    class Curves(Recorder):
        needs = frozenset({"curves"})

    with pytest.raises(InvalidOption, match="architectures only"):
        BayesianOptimization(cifar10.space, rng, predictor=Curves)


@pytest.mark.parametrize("predictor", [LINEAR, "one_hot_gp"])
def test_a_copy_made_mid_search_goes_on_to_the_same_bits(cifar10, predictor):
    strategy = BayesianOptimization(cifar10.space, np.random.default_rng(0), predictor=predictor, n_init=8)
    trials = strategy.ask(12)
    answer(strategy, trials, cifar10.query(trials.arch))
    again = copy.deepcopy(strategy)
    for _ in range(3):
        one, other = strategy.ask(2), again.ask(2)
        assert (one.arch == other.arch).all()
        for own, trials in ((strategy, one), (again, other)):
            answer(own, trials, cifar10.query(trials.arch))


def test_a_small_space_is_searched_to_its_end():
    task = nasbench.load_task("nbgraph-proteins")
    strategy = BayesianOptimization(task.space, np.random.default_rng(0), batch=400, refit_every=2000, **QUICK)
    asked, scores = set(), np.linspace(0, 1, 500)
    with pytest.raises(SearchFinished, match="no new architecture"):
        ask_for_all(strategy, asked, scores)
    assert len(asked) == task.space.size


@pytest.mark.parametrize(
    ("label", "acquisition", "n_init", "batch", "pool", "n_children"),
    [
        ("bananas", "its", 10, 10, 100, 100),
        ("bananas@naslib", "its", 10, 10, 200, 200),
        ("npenas", "exploit", 10, 10, 100, 100),
        ("npenas@bo", "its", 10, 10, 100, 100),
        ("nas_bowl", "ei", 10, 5, 200, 100),
        ("nas_bowl@code", "ei", 30, 5, 100, 50),
    ],
)
def test_named_methods_ask_as_published(cifar10, label, acquisition, n_init, batch, pool, n_children):
    """White et al. 2019, NASLib, Wei et al. 2020 and Ru et al. 2021, papers and code: sizes, and what competes.

    The recorder takes the place of the predictor: it likes large digits, so that the children of the best parents
    that are asked show whose children they are.
    """
    component, options = Choice.parse(label).resolve(STRATEGIES)
    Recorder.asked.clear()
    strategy = component(cifar10.space, np.random.default_rng(0), **options | {"predictor": Recorder})
    assert (strategy.n_prefetchable, strategy.acquisition) == (n_init, acquisition)
    first = strategy.ask(n_init)
    answer(strategy, first, np.linspace(0, 1, n_init))
    second = strategy.ask(1)
    assert strategy.n_prefetchable == batch - 1
    (candidates,) = (archs for archs in Recorder.asked if len(archs) > n_init)
    parents = first.arch[::-1][: 5 if n_children == pool else 10]
    edits = (candidates[:, None] != parents[None]).sum(axis=2).min(axis=1)
    assert len(candidates) <= pool
    assert (edits == 1).sum() >= min(n_children, 80) * 0.9
    assert ((edits == 1).mean() == 1) == (n_children == pool)
    assert second.arch.shape == (1, 6)


@pytest.mark.parametrize(
    ("label", "error", "says"),
    [
        ("bayesian_optimization,n_init=0", InvalidOption, "at least 1"),
        ("bayesian_optimization,refit_every=0", InvalidOption, "at least 1"),
        ("bayesian_optimization,pool_size=0", InvalidOption, "at least 1"),
        ("bayesian_optimization,batch=2.5", InvalidOption, "whole number"),
        ("bayesian_optimization,pool=everything", UnknownName, "pool"),
        ("bayesian_optimization,batching=belief", InvalidOption, "believer"),
        ("bayesian_optimization,incumbent=best", InvalidOption, "observed"),
    ],
)
def test_options_out_of_range_are_refused(cifar10, rng, label, error, says):
    with pytest.raises(error, match=says):
        made(label, cifar10.space, rng)
