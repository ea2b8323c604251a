"""Strategies against chance, against closed forms and against published behaviour."""

import re
from pathlib import Path

import numpy as np
import pytest
from quick_options import STRATEGY_OPTIONS
from scipy import stats

import nasbench
from nasbench import Budget, Simulation, full_trainings
from nasbench.errors import InvalidOption
from nasbench.registry import STRATEGIES, Choice
from nasbench.strategies.model_free.local_search import LocalSearch
from nasbench.strategies.model_free.random_search import RandomSearch
from nasbench.strategies.model_free.regularized_evolution import RegularizedEvolution
from nasbench.trials import Results

PAGE = Path(__file__).resolve().parents[2] / "docs/measured_strategies.md"
BASELINES = {"random_search", "exhaustive"}
# Published settings for which 400 training runs are too few on at least one of the tasks below, as PAGE says.
TOO_SLOW = {
    "genetic_cnn",
    "genetic_cnn@xie2017",
    "large_scale_evolution",
    "large_scale_evolution@real2017",
    "mcts",
    "mcts@alphax",
    "mcts@ranked",
    "q_learning",
    "q_learning@metaqnn",
    "q_learning@short",
    "reinforce",
    "reinforce@nats",
    "reinforce@nb201_doc",
}
LEARNERS = [
    label
    for name in STRATEGIES.names()
    if name not in BASELINES
    and not STRATEGIES.literal(name, "requires_fidelities")
    and name not in STRATEGY_OPTIONS  # those with a model: test_model_based.py
    for label in (name, *(f"{name}@{preset}" for preset in STRATEGIES.presets(name)))
]
N_RUNS, N_TRIALS = 40, 400


def final_scores(task, label, n_runs=N_RUNS, n_trials=N_TRIALS):
    """Reported score of the incumbent of each run."""
    component, options = Choice.parse(label).resolve(STRATEGIES)
    scores = []
    for run in range(n_runs):
        own, noise = (np.random.default_rng([run, i]) for i in range(2))
        backend = task.backend(noise)
        history = Simulation(
            component(task.space, own, **options), backend, task.space, budget=Budget(trials=n_trials)
        ).run()
        best = history.arch[[np.argmax(history.score)]]
        scores.append(task.query(best, task.reported[0])[0])
    return np.array(scores)


@pytest.fixture(scope="module", params=["nb201-cifar10", "nb201-cifar100", "nbgraph-arxiv", "nbgraph-proteins"])
def task_and_random(request):
    task = nasbench.load_task(request.param)
    return task, final_scores(task, "random_search")


@pytest.mark.parametrize("label", [label for label in LEARNERS if label not in TOO_SLOW])
def test_it_beats_random_search(task_and_random, label):
    """After 400 trainings, one-sided Mann-Whitney test over 40 fixed seeds, p < 0.01."""
    task, random = task_and_random
    test = stats.mannwhitneyu(final_scores(task, label), random, alternative="greater")
    assert test.pvalue < 0.01, f"{label} on {task.name}: p = {test.pvalue:.3f}"


@pytest.mark.parametrize("label", ["genetic_cnn", "mcts", "q_learning@short", "reinforce", "reinforce@nb201_doc"])
def test_what_is_listed_as_too_slow_is(label):
    """On nbgraph-proteins, 10 runs are enough to see that the p-value of the test above is far from 0.01."""
    task = nasbench.load_task("nbgraph-proteins")
    found = final_scores(task, label, n_runs=10)
    random = final_scores(task, "random_search")
    assert stats.mannwhitneyu(found, random, alternative="greater").pvalue > 0.05
    _, _, section = PAGE.read_text(encoding="utf-8").partition(f"\n## {label.partition('@')[0]}\n")
    assert "does not beat random search" in " ".join(section.partition("\n## ")[0].split())


def test_the_measured_strategies_exist_and_stand_in_alphabetical_order():
    names = re.findall(r"^## (\w+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert names == sorted(set(names))
    assert set(names) <= set(STRATEGIES.names())


@pytest.mark.parametrize("name", ["cora", "arxiv", "physics"])
def test_random_search_finds_the_best_of_n_draws_as_expected(name):
    """The chance that the best of N uniform draws is at most the k-th of M ordered scores is (k / M) ** N."""
    task = nasbench.load_task(f"nbgraph-{name}")
    ordered = np.sort(task.query(task.table.architectures[task.rows]))
    n_draws, n_runs = 100, 400
    below = (np.arange(len(ordered) + 1) / len(ordered)) ** n_draws
    expected = np.diff(below) @ ordered
    found = final_scores(task, "random_search", n_runs, n_draws)
    assert abs(found.mean() - expected) < 3 * stats.sem(found)


@pytest.mark.parametrize(
    ("label", "mean", "std"),
    # Independent loop at 200,000 simulated seconds on NAS-Bench-201 CIFAR-10: incumbent's mean validation accuracy
    # and std over runs, in percent.
    [("random_search", 91.03, 0.28), ("regularized_evolution@nb201", 91.25, 0.30), ("local_search", 91.45, 0.17)],
)
def test_accuracy_is_that_of_an_independent_loop(cifar10, label, mean, std):
    component, options = Choice.parse(label).resolve(STRATEGIES)
    found = []
    for run in range(200):
        own, noise = (np.random.default_rng([run, i, 5]) for i in range(2))
        strategy = component(cifar10.space, own, **options)
        history = Simulation(strategy, cifar10.backend(noise), cifar10.space, budget=Budget(seconds=2e5)).run()
        found.append(100 * cifar10.query(history.arch[[np.argmax(history.score)]])[0])
    # The loop's own details (mutation, restarts) are not known, so a third of its std is allowed besides its error.
    assert abs(np.mean(found) - mean) < std / 2
    assert std / 1.5 < np.std(found) < std * 1.5


def test_the_oldest_leaves_the_population(cifar10, rng):
    """With a sample as large as can be, the parent is the best of the youngest P."""
    space, size = cifar10.space, 5
    strategy = RegularizedEvolution(space, rng, population_size=size, sample_size=500)
    told = []
    for i in range(60):
        trials = strategy.ask(1)
        if i >= size:
            _, parent = max(told[-size:], key=lambda item: item[0])
            assert (trials.arch[0] != parent).sum() == 1
        # scores fall: an undying first member would stay the parent for ever
        told.append((-float(i), trials.arch[0]))
        strategy.tell(Results(trials.id, np.array([200]), np.array([[-float(i)]]), np.array([1.0])))


def test_without_aging_the_worst_leaves_the_population(cifar10, rng):
    """The first two, the best, stay parents for ever, where aging would have removed them."""
    strategy = RegularizedEvolution(cifar10.space, rng, population_size=3, sample_size=500, removal="worst")
    archs = []
    for score in (0.9, 0.8, *np.linspace(0.1, 0.7, 30), np.nan):
        trials = strategy.ask(1)
        archs.append(trials.arch[0])
        strategy.tell(Results(trials.id, np.array([200]), np.array([[score]]), np.array([1.0])))
    assert sorted(strategy._fitness) == [0.7, 0.8, 0.9]
    assert all((arch != archs[0]).sum() == 1 for arch in archs[3:])


def test_an_unknown_removal_is_refused(cifar10, rng):
    with pytest.raises(InvalidOption, match="one of oldest, worst"):
        RegularizedEvolution(cifar10.space, rng, removal="best")


def test_a_crash_never_wins_a_tournament(cifar10, rng):
    strategy = RegularizedEvolution(cifar10.space, rng, population_size=4, sample_size=200)
    trials = strategy.ask(4)
    scores = np.array([[np.nan], [0.1], [np.nan], [0.05]])
    strategy.tell(Results(trials.id, np.full(4, 200), scores, np.ones(4)))
    assert (strategy.ask(1).arch[0] != trials.arch[1]).sum() == 1


def test_local_search_visits_the_whole_neighbourhood_then_moves(cifar10, rng):
    space = cifar10.space
    strategy = LocalSearch(space, rng, n_start=1)
    scores = dict(zip((row.tobytes() for row in space.rows), cifar10.query(space.rows), strict=True))
    asked = []
    for _ in range(60):
        trials = strategy.ask(1)
        asked.append(trials.arch[0])
        score = scores[trials.arch[0].tobytes()]
        strategy.tell(Results(trials.id, np.array([200]), np.array([[score]]), np.array([1.0])))
    start, first = asked[0], np.array(asked[1:25])
    assert ((first != start).sum(axis=1) == 1).all()
    assert len(np.unique(first, axis=0)) == 24
    best = max([start, *first], key=lambda row: scores[row.tobytes()])
    assert ((np.array(asked[25:30]) != best).sum(axis=1) == 1).all()
    assert len({row.tobytes() for row in asked}) == len(asked)


def test_local_search_reaches_the_optimum_about_as_soon_as_published():
    """White et al. 2020: 127 evaluations on average on NAS-Bench-201 CIFAR-100, without noise."""
    task = nasbench.load_task("nb201-cifar100")
    scores = dict(zip((row.tobytes() for row in task.space.rows), task.query(task.space.rows), strict=True))
    best, needed = task.optimum.arch[0].tobytes(), []
    for run in range(200):
        strategy = LocalSearch(task.space, np.random.default_rng(run), n_start=1)
        key = b""
        while key != best:
            trials = strategy.ask(1)
            key = trials.arch[0].tobytes()
            strategy.tell(Results(trials.id, np.array([200]), np.array([[scores[key]]]), np.array([1.0])))
        needed.append(trials.id[0] + 1)
    assert 100 < np.mean(needed) < 160, f"{np.mean(needed):.0f} evaluations on average"


def test_a_finite_space_ends_cleanly():
    task = nasbench.load_task("nbgraph-proteins")
    for strategy in ("exhaustive", "exhaustive@without_replacement", "local_search"):
        component, options = Choice.parse(strategy).resolve(STRATEGIES)
        backend = task.backend(np.random.default_rng(1))
        search = component(task.space, np.random.default_rng(0), **options)
        history = Simulation(search, backend, task.space, budget=Budget(trials=10_000), n_workers=4).run()
        assert len(np.unique(history.arch, axis=0)) == len(history.id)
        assert len(history.id) > 2000
        assert task.optimum.score in task.query(history.arch)


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("regularized_evolution,population_size=0", "at least 1"),
        ("regularized_evolution,sample_size=0", "at least 1"),
        ("local_search,n_start=0", "at least 1"),
    ],
)
def test_options_out_of_range_are_refused(cifar10, rng, label, says):
    with pytest.raises(InvalidOption, match=says):
        made(label, cifar10.space, rng)


def made(label, space, rng):
    component, options = Choice.parse(label).resolve(STRATEGIES)
    return component(space, rng, **options)


def test_random_search_draws_the_same_in_any_portions(cifar10):
    one, many = (RandomSearch(cifar10.space, np.random.default_rng(0)) for _ in range(2))
    single = np.concatenate([one.ask(1).arch for _ in range(600)])
    parts = np.concatenate([many.ask(n).arch for n in (100, 250, 1, 249)])
    assert (single == parts).all()
    assert full_trainings(20_000, single[:2]).id.tolist() == [20_000, 20_001]
