"""Every strategy and predictor in spaces with real numbers: it keeps its contract, or says why not."""

import numpy as np
import pytest
from quick_options import PREDICTOR_OPTIONS, STRATEGY_OPTIONS
from scipy.stats import kendalltau

import nasbench
from nasbench import Batch, Budget, Results, Simulation
from nasbench.errors import InvalidOption
from nasbench.registry import PREDICTORS, STRATEGIES
from nasbench.spaces import MeasuredSpace
from nasbench.spaces.hyper import HyperSpace
from nasbench.testing import check_space, check_strategy

SPACE = HyperSpace(
    {
        "lr": {"real": [1e-4, 1e-1], "log": True},
        "dropout": {"real": [0, 0.5]},
        "optimizer": {"categorical": ["sgd", "adam", "lion"]},
        "momentum": {"real": [0.5, 0.99]},
        "depth": {"integer": [1, 8]},
        "width": {"integer": [16, 1024], "log": True, "step": 1},
    },
    [{"decision": "momentum", "when": "optimizer", "is": ["sgd"]}],
)
POOL = MeasuredSpace(SPACE, SPACE.sample(300, np.random.default_rng(3)))
LONG = HyperSpace({"name": {"categorical": [f"m{i}" for i in range(200)]}, "depth": {"ordinal": [1, 2, 4, 8, 16]}})
LONG_POOL = MeasuredSpace(LONG, LONG.sample(300, np.random.default_rng(3)))
CHOICES_ONLY = {
    *("bohb", "genetic_cnn", "mcts", "nao", "nas_rl", "nevergrad", "ppo", "q_learning", "reinforce", "seminas", "umda"),
}


def score(archs):
    """Return a smooth score in which momentum matters for one optimiser only."""
    at = SPACE.measure(archs)
    sgd = archs[:, 2] == 0
    of_optimizer = np.where(sgd, -0.2 * (at[:, 3] - 0.7) ** 2, -0.03)
    return 0.9 - 0.3 * (at[:, 0] - 0.6) ** 2 - 0.1 * (at[:, 1] - 0.3) ** 2 + of_optimizer - 0.1 * (at[:, 5] - 0.8) ** 2


class Smooth:
    """Answers with ``score``."""

    def advance(self, trials):
        n = len(trials.id)
        return Results(trials.id, np.full(n, 5), score(SPACE.checked(trials.arch))[:, None], np.ones(n))


def score_lists(archs):
    """Return a score of rows of ``LONG``."""
    return 0.9 - 0.001 * np.abs(archs[:, 0] - 120) - 0.02 * np.abs(archs[:, 1] - 2)


class Listed:
    """Answers with ``score_lists``."""

    def advance(self, trials):
        n = len(trials.id)
        return Results(trials.id, np.full(n, 5), score_lists(LONG.checked(trials.arch))[:, None], np.ones(n))


@pytest.mark.parametrize("space", [SPACE, POOL], ids=["space", "pool"])
def test_the_space_keeps_its_laws(space):
    check_space(space, np.random.default_rng(0))


@pytest.mark.parametrize("space", [SPACE, POOL], ids=["space", "pool"])
@pytest.mark.parametrize("name", STRATEGIES.names())
def test_a_strategy_keeps_its_contract(name, space):
    if extra := STRATEGIES.missing_extra(name):
        pytest.skip(f"the extra '{extra}' is not installed")
    strategy, options = STRATEGIES.load(name), STRATEGY_OPTIONS.get(name, {})
    if name in CHOICES_ONLY or (name == "exhaustive" and space is SPACE):
        with pytest.raises(InvalidOption):
            strategy(space, np.random.default_rng(0), **options)
        return
    check_strategy(strategy, space, options=options)


@pytest.mark.parametrize("name", sorted(CHOICES_ONLY))
def test_a_strategy_that_needs_listed_values_says_so(name):
    if extra := STRATEGIES.missing_extra(name):
        pytest.skip(f"the extra '{extra}' is not installed")
    with pytest.raises(InvalidOption, match="chooses among listed values, but lr, dropout, momentum, width of space"):
        STRATEGIES.load(name)(SPACE, np.random.default_rng(0), **STRATEGY_OPTIONS.get(name, {}))


def test_the_space_of_long_lists_keeps_its_laws():
    check_space(LONG, np.random.default_rng(0))


@pytest.mark.parametrize("space", [LONG, LONG_POOL], ids=["space", "pool"])
@pytest.mark.parametrize("name", STRATEGIES.names())
def test_a_strategy_searches_long_lists_or_says_why_not(name, space):
    if extra := STRATEGIES.missing_extra(name):
        pytest.skip(f"the extra '{extra}' is not installed")
    options = STRATEGY_OPTIONS.get(name, {})
    if name in CHOICES_ONLY:
        with pytest.raises(InvalidOption, match="at most 127 listed values, but name of space 'hyper"):
            STRATEGIES.load(name)(space, np.random.default_rng(0), **options)
        return
    if name == "exhaustive" and space is LONG:
        with pytest.raises(InvalidOption, match="does not list its architectures"):
            STRATEGIES.load(name)(space, np.random.default_rng(0))
        return
    strategy = STRATEGIES.load(name)(space, np.random.default_rng(0), **options)
    history = Simulation(strategy, Listed(), space, budget=Budget(trials=60)).run()
    assert len(history.id) == 60
    assert space.is_valid(history.arch).all()


@pytest.mark.parametrize(
    ("label", "least"),
    [("functional_gp", 0.8), ("one_hot_gp,kernel=matern", 0.8), ("gp_and_trees", 0.8), ("xgboost", 0.65)],
)
def test_a_smooth_score_is_learnt(label, least):
    """As sixteenths of scales, the same processes reach about 0.73."""
    pytest.importorskip("gpytorch")
    pytest.importorskip("xgboost")
    train, test = SPACE.sample(80, np.random.default_rng(0)), SPACE.sample(300, np.random.default_rng(1))
    predictor = nasbench.make_predictor(SPACE, label)
    predictor.fit(Batch(train), score(train), np.random.default_rng(2))
    assert kendalltau(predictor.predict(Batch(test)).mean, score(test)).statistic > least


@pytest.mark.parametrize("name", ["tpe", "local_search", "regularized_evolution@nb201"])
def test_a_search_finds_better_numbers_than_random_ones(name):
    def search(label, seed):
        component, options = nasbench.choices.Choice.parse(label).resolve(STRATEGIES)
        made = component(SPACE, np.random.default_rng(seed), **options)
        return Simulation(made, Smooth(), SPACE, budget=Budget(trials=120)).run().score.max()

    ours, random = ([search(label, seed) for seed in range(12)] for label in (name, "random_search"))
    assert np.mean(ours) > np.mean(random) + 2 * np.std(random) / 12**0.5


@pytest.mark.parametrize(("space", "scored"), [(SPACE, score), (LONG, score_lists)], ids=["numbers", "long lists"])
@pytest.mark.parametrize("name", PREDICTORS.names())
def test_a_predictor_answers_or_says_why_not(name, space, scored):
    if extra := PREDICTORS.missing_extra(name):
        pytest.skip(f"the extra '{extra}' is not installed")
    archs = space.sample(70, np.random.default_rng(0))
    if name in {"nao", "seminas"}:
        with pytest.raises(InvalidOption):
            PREDICTORS.load(name)(space)
        return
    predictor = PREDICTORS.load(name)(space, **PREDICTOR_OPTIONS.get(name, {}))
    if predictor.needs:
        pytest.skip(f"it learns from {', '.join(predictor.needs)}")
    predictor.fit(Batch(archs[:40]), scored(archs[:40]), np.random.default_rng(1))
    mean, std = predictor.predict(Batch(archs[40:]))
    assert np.isfinite(mean).all()
    assert std is None or np.isfinite(std).all()
