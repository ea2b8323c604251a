"""Optuna and Nevergrad on our tasks: asked and told as they are by themselves."""

import copy
from functools import partial

import numpy as np
import pytest
from scipy import stats

import nasbench
from nasbench.adapters import make_optuna_objective
from nasbench.choices import Choice
from nasbench.errors import InvalidOption, SearchFinished, UnknownName
from nasbench.registry import STRATEGIES
from nasbench.spaces.hyper import HyperSpace
from nasbench.testing import check_strategy
from nasbench.trials import Results
from tests.strategies.test_transfer import final_scores

optuna = pytest.importorskip("optuna")
optuna.logging.set_verbosity(optuna.logging.WARNING)


def made(label, space, rng):
    component, options = Choice.parse(label).resolve(STRATEGIES)
    return component(space, rng, **options)


def test_a_task_is_an_objective_of_optuna(cifar10):
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(make_optuna_objective(cifar10, np.random.default_rng(0)), n_trials=30)
    assert len(study.trials) == 30
    for trial in study.trials:
        seeds = [cifar10.query([trial.user_attrs["architecture"]], seed=s)[0] for s in cifar10.observed.axes["seeds"]]
        assert trial.value in seeds
        assert trial.user_attrs["cost_s"] > 0
    # asked twice, an architecture shows the same seed, and another generator may show another
    fixed = optuna.trial.FixedTrial(study.trials[0].params)
    values = {make_optuna_objective(cifar10, np.random.default_rng(i))(fixed) for i in range(20)}
    assert len(values) > 1


def test_what_is_no_architecture_is_pruned():
    task = nasbench.load_task("nbgraph-proteins")
    objective = make_optuna_objective(task, np.random.default_rng(0))
    with pytest.raises(optuna.TrialPruned, match="not a valid architecture"):
        objective(optuna.trial.FixedTrial(dict(zip(task.space.decisions, [8, 8, 0, 8, 0], strict=True))))


def test_the_strategy_asks_what_a_study_by_hand_would(cifar10):
    """The same sampler and seed, asked and told outside the suite: the same 40 architectures."""
    space = cifar10.space
    strategy = made("optuna,settings={'multivariate': False}", space, np.random.default_rng(5))
    seed = int(np.random.default_rng(5).integers(2**31))
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=False)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for _ in range(40):
        trial = study.ask()
        params = [trial.suggest_categorical(name, list(range(5))) for name in space.decisions]
        asked = strategy.ask(1)
        assert asked.arch[0].tolist() == params
        score = cifar10.query(asked.arch)
        study.tell(trial, score[0])
        strategy.tell(Results(asked.id, np.array([200]), score[:, None], np.ones(1)))


@pytest.mark.parametrize("label", ["optuna", "optuna@nsga2", "nevergrad"])
def test_every_kind_keeps_the_contract(label):
    if "nevergrad" in label:
        pytest.importorskip("nevergrad")
    component, options = Choice.parse(label).resolve(STRATEGIES)
    check_strategy(partial(component, **options), nasbench.load_task("nbgraph-cora").space, n_trials=12)


def test_optuna_beats_random_search():
    """Its TPE on nb201-cifar10 after 100 trainings: 8 runs against 40, one-sided Mann-Whitney test, p < 0.01."""
    task = nasbench.load_task("nb201-cifar10")
    found, random = final_scores("optuna", task, 8, 100), final_scores("random_search", task, 40, 100)
    assert stats.mannwhitneyu(found, random, alternative="greater").pvalue < 0.01


@pytest.mark.parametrize("label", ["optuna", "nevergrad"])
def test_where_hardly_a_combination_is_valid_it_goes_on_at_random(label, rng):
    pytest.importorskip(label)
    space = nasbench.registry.SPACES.load("nbnlp")()
    strategy = made(label, space, rng)
    trials = strategy.ask(2)
    assert space.is_valid(trials.arch).all()
    strategy.tell(Results(trials.id, np.ones(2, dtype=np.int64), np.array([[0.5], [np.nan]]), np.ones(2)))


def test_an_optimiser_that_draws_from_the_global_generator_gets_its_own(cifar10):
    """NGOpt does: the same seed gives the same run all the same, and the global state is left alone."""
    pytest.importorskip("nevergrad")
    before = np.random.get_state()[1]  # noqa: NPY002
    runs = []
    for _ in range(2):
        strategy = made("nevergrad,optimizer=NGOpt,budget=20", cifar10.space, np.random.default_rng(0))
        for _ in range(10):
            trials = strategy.ask(1)
            strategy.tell(Results(trials.id, np.array([200]), cifar10.query(trials.arch)[:, None], np.ones(1)))
            runs.append(trials.arch[0].tolist())
    assert runs[:10] == runs[10:]
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


@pytest.mark.parametrize("label", ["optuna", "nevergrad"])
def test_a_copy_made_mid_search_goes_on_to_the_same_bits(cifar10, label):
    pytest.importorskip(label)
    strategy = made(label, cifar10.space, np.random.default_rng(0))
    trials = strategy.ask(12)
    strategy.tell(Results(trials.id, np.full(12, 200), cifar10.query(trials.arch)[:, None], np.ones(12)))
    again = copy.deepcopy(strategy)
    assert (strategy.ask(5).arch == again.ask(5).arch).all()


@pytest.mark.parametrize(
    ("label", "error", "says"),
    [
        ("optuna,sampler=TPE", UnknownName, "TPESampler"),
        ("optuna,settings={'candidates': 3}", InvalidOption, "settings of Optuna's TPESampler"),
        ("nevergrad,optimizer=OnePlusTwo", UnknownName, "OnePlusOne"),
        ("nevergrad,budget=0", InvalidOption, "at least 1"),
    ],
)
def test_options_out_of_range_are_refused(cifar10, rng, label, error, says):
    pytest.importorskip(label.partition(",")[0])
    with pytest.raises(error, match=says):
        made(label, cifar10.space, rng)


def test_a_sampler_that_has_gone_through_all_ends_the_search():
    space = HyperSpace({"a": {"categorical": ["x", "y"]}, "b": {"ordinal": [1, 2, 3]}})
    strategy = made("optuna,sampler=BruteForceSampler", space, np.random.default_rng(0))
    asked = []
    for i in range(6):
        trials = strategy.ask(1)
        asked.append(trials.arch[0].tobytes())
        strategy = copy.deepcopy(strategy)
        strategy.tell(Results(trials.id, np.ones(1, dtype=int), np.array([[i / 6]]), np.ones(1)))
    assert len(set(asked)) == 6
    with pytest.raises(SearchFinished, match="after 6 trials"):
        strategy.ask(1)
