"""Two phases of one search: what is handed over, and that switching pays."""

import copy

import numpy as np
import pytest
from scipy import stats

import nasbench
from nasbench import Budget, Simulation
from nasbench.choices import Choice
from nasbench.errors import InvalidOption
from nasbench.registry import STRATEGIES
from nasbench.strategies.model_based.switching import Switching
from nasbench.trials import Results
from tests.strategies.test_transfer import final_scores

LINEAR = "bayesian_optimization,predictor='bayesian_linear_regression,encoding=one_hot',pool=random,pool_size=20"


def answer(strategy, trials, scores):
    n = len(trials.id)
    strategy.tell(Results(trials.id, np.full(n, 200), np.array(scores, dtype=float)[:, None], np.ones(n)))


@pytest.mark.parametrize("name", ["nb201-cifar10", "nb201-cifar100"])
def test_it_beats_random_search(name):
    """Random search, then TPE: after 100 trainings, one-sided Mann-Whitney test, 20 runs each, p < 0.01."""
    task = nasbench.load_task(name)
    found = final_scores("switching,first=random_search,n_first=20,then=local_search", task, 20, 100)
    random = final_scores("random_search", task, 40, 100)
    assert stats.mannwhitneyu(found, random, alternative="greater").pvalue < 0.01


def test_the_first_phase_is_the_first_strategy_alone(cifar10):
    task = cifar10
    label = f'switching,first=local_search,n_first=30,then="{LINEAR}"'
    runs = []
    for given in (label, "local_search"):
        component, options = Choice.parse(given).resolve(STRATEGIES)
        search = component(task.space, np.random.default_rng(1), **options)
        backend = task.backend(np.random.default_rng(2))
        runs.append(Simulation(search, backend, task.space, budget=Budget(trials=40)).run())
    assert (runs[0].arch[:30] == runs[1].arch[:30]).all()
    assert (runs[0].arch[30:] != runs[1].arch[30:]).any()


def test_a_model_learns_the_first_phase_at_once(cifar10):
    strategy = Switching(cifar10.space, np.random.default_rng(0), first="random_search", n_first=12, then=LINEAR)
    first = strategy.ask(12)
    scores = [*np.linspace(0, 1, 11), np.nan]
    answer(strategy, first, scores)
    strategy.ask(1)
    archs, learnt = strategy._now._get_results()
    assert sorted(learnt) == sorted(scores[:11])
    assert {row.tobytes() for row in archs} == {row.tobytes() for row in first.arch[:11]}


def test_what_was_trained_is_neither_trained_nor_charged_again(cifar10):
    """Evolution begins with the first phase as its population; a population of 10 then holds its ten best."""
    strategy = Switching(
        cifar10.space, np.random.default_rng(0), first="random_search", n_first=12, then="regularized_evolution@nb201"
    )
    first = strategy.ask(12)
    scores = np.linspace(0, 1, 12)
    answer(strategy, first, scores)
    second = strategy.ask(1)
    assert second.id.tolist() == [12]
    members = {row.tobytes() for row in strategy._now._members}
    assert members == {row.tobytes() for row in first.arch[2:]}
    assert not (second.arch == first.arch).all(axis=1).any()


def test_local_search_climbs_from_the_best_of_the_first_phase(cifar10):
    strategy = Switching(
        cifar10.space, np.random.default_rng(0), first="random_search", n_first=20, then="local_search"
    )
    first = strategy.ask(20)
    scores = np.random.default_rng(1).random(20)
    answer(strategy, first, scores)
    asked = strategy.ask(5).arch
    assert ((asked != first.arch[np.argmax(scores)]).sum(axis=1) == 1).all()


def test_the_second_phase_waits_for_the_last_of_the_first(cifar10):
    strategy = Switching(cifar10.space, np.random.default_rng(0), first="random_search", n_first=3, then="local_search")
    first = strategy.ask(8)
    assert len(first.id) == 3
    last = nasbench.Trials(*(column[:1] for column in first))
    answer(strategy, nasbench.Trials(*(column[1:] for column in first)), [0.2, 0.3])
    assert len(strategy.ask(8).id) == 0
    answer(strategy, last, [0.1])
    assert len(strategy.ask(8).id) > 0


def test_a_first_phase_that_ends_early_hands_over_what_there_is():
    """Nothing fails where the first strategy has no more to ask than a small space holds."""
    task = nasbench.load_task("nbgraph-proteins")
    strategy = Switching(
        task.space,
        np.random.default_rng(0),
        first="exhaustive@without_replacement",
        n_first=10_000,
        then="regularized_evolution@nb201",
    )
    history = Simulation(
        strategy, task.backend(np.random.default_rng(1)), task.space, budget=Budget(trials=2100), n_workers=4
    ).run()
    assert len(history.id) == 2100
    assert len(np.unique(history.arch[:2021], axis=0)) == 2021


def test_a_copy_made_mid_search_goes_on_to_the_same_bits(cifar10):
    for then in ("local_search", "regularized_evolution@nb201", LINEAR):
        strategy = Switching(cifar10.space, np.random.default_rng(0), n_first=6, then=then)
        trials = strategy.ask(6)
        answer(strategy, trials, cifar10.query(trials.arch))
        strategy.ask(2)
        again = copy.deepcopy(strategy)
        assert (strategy.ask(4).arch == again.ask(4).arch).all()


def test_no_first_phase_is_refused(cifar10, rng):
    with pytest.raises(InvalidOption, match="at least 1"):
        Switching(cifar10.space, rng, n_first=0)
