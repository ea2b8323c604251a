"""Assisted evolution: the start by size, the children by the predictor, and that it pays."""

import numpy as np
import pytest
from scipy import stats

import nasbench
from nasbench import Budget, Simulation
from nasbench.choices import Choice
from nasbench.errors import InvalidOption, UnknownName
from nasbench.predictions import Prediction
from nasbench.registry import SPACES, STRATEGIES
from nasbench.strategies.model_based.area import AREA
from nasbench.trials import Results


class FirstDigit:
    """A predictor that learns nothing and likes large first decisions."""

    needs = frozenset()

    def __init__(self, space):
        pass

    def fit(self, batch, score, rng):
        pass

    def predict(self, batch):
        return Prediction(batch.archs[:, 0].astype(float))


def answer(strategy, trials, scores):
    n = len(trials.id)
    strategy.tell(Results(trials.id, np.full(n, 200), np.array(scores, dtype=float)[:, None], np.ones(n)))


def final_scores(label, task, n_runs, n_trials):
    component, options = Choice.parse(label).resolve(STRATEGIES)
    scores = []
    for run in range(n_runs):
        own, noise = (np.random.default_rng([run, i]) for i in range(2))
        strategy, budget = component(task.space, own, **options), Budget(trials=n_trials)
        history = Simulation(strategy, task.backend(noise), task.space, budget=budget).run()
        scores.append(task.query(history.arch[[np.nanargmax(history.score)]], task.reported[0])[0])
    return np.array(scores)


@pytest.mark.parametrize("score", ["n_params", "flops"])
def test_the_first_population_is_the_largest_half_of_the_candidates(cifar10, score):
    space = cifar10.space
    first = AREA(space, np.random.default_rng(3), cheap_score=score).ask(100).arch
    drawn = space.sample(20, np.random.default_rng(3))
    sizes = getattr(space.network_size(drawn), score)
    assert len(first) == 10
    assert np.array_equal(np.sort(getattr(space.network_size(first), score)), np.sort(sizes)[10:])


def test_of_the_children_the_one_the_predictor_likes_best_is_trained(cifar10, rng):
    """Among 200 children every neighbour is; the likeliest next one where that was trained before."""
    strategy = AREA(cifar10.space, rng, predictor=FirstDigit, n_children=200)
    trials = strategy.ask(10)
    answer(strategy, trials, np.linspace(0, 1, 10))
    children = strategy.ask(6).arch
    assert (children[:, 0] >= 3).all()
    assert (children[:, 0] == 4).sum() >= 4
    assert len(np.unique(children, axis=0)) == 6


def test_with_one_child_the_predictor_is_never_asked(cifar10, rng):
    strategy = AREA(cifar10.space, rng, predictor=FirstDigit, n_children=1)
    answer(strategy, strategy.ask(10), np.linspace(0, 1, 10))
    assert len(set(strategy.ask(30).arch[:, 0])) > 2


def test_a_space_that_counts_nothing_starts_at_random_and_says_so_when_asked_for_more(rng):
    space = SPACES.load("nbgraph")()
    first = AREA(space, np.random.default_rng(3)).ask(10).arch
    assert np.array_equal(first, space.sample(10, np.random.default_rng(3)))
    with pytest.raises(InvalidOption, match="does not count flops"):
        AREA(space, rng, cheap_score="flops")


def test_options_out_of_range_are_refused(cifar10, rng):
    with pytest.raises(InvalidOption, match="n_candidates=5"):
        AREA(cifar10.space, rng, n_candidates=5)
    with pytest.raises(InvalidOption, match="at least 1"):
        AREA(cifar10.space, rng, n_children=0)
    with pytest.raises(UnknownName, match="naswot"):
        AREA(cifar10.space, rng, cheap_score="naswot")


@pytest.mark.parametrize("name", ["nb201-cifar100", "nbgraph-arxiv"])
def test_it_beats_random_search(name):
    """After 100 trainings: 5 runs with a quick predictor against 40, one-sided Mann-Whitney test, p < 0.01."""
    task = nasbench.load_task(name)
    found = final_scores("area,predictor='bayesian_linear_regression,encoding=one_hot'", task, 5, 100)
    test = stats.mannwhitneyu(found, final_scores("random_search", task, 40, 100), alternative="greater")
    assert test.pvalue < 0.01, f"on {name}: p = {test.pvalue:.4f}"
