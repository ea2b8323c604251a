"""Optuna and Nevergrad on our tasks: asked and told as they are by themselves."""

import copy
from functools import partial

import numpy as np
import pytest
from scipy import stats

import nasbench
from nasbench.adapters import make_optuna_objective, make_optuna_suggest
from nasbench.choices import Choice
from nasbench.errors import GapsWarning, InvalidOption, SearchFinished, UnknownName
from nasbench.registry import STRATEGIES
from nasbench.spaces.hyper import HyperSpace
from nasbench.table import Measurement, TableBuilder, write_table
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
    codes = zip(task.space.coding, [8, 8, 0, 8, 0], strict=True)
    trial = optuna.trial.FixedTrial({item.decision: item.texts[code] for item, code in codes})
    with pytest.raises(optuna.TrialPruned, match="not a valid architecture"):
        objective(trial)


CONDITIONAL = HyperSpace(
    {
        "optimizer": {"categorical": ["sgd", "adam"]},
        "momentum": {"ordinal": [0, 0.5, 0.9, 0.99]},
        "nesterov": {"categorical": [True, False]},
        "lr": {"real": [1e-4, 0.1], "log": True},
        "depth": {"integer": [1, 4]},
        "width_2": {"integer": [8, 512], "log": True, "step": 1},
    },
    [
        {"decision": "momentum", "when": "optimizer", "is": ["sgd"]},
        {"decision": "nesterov", "when": "momentum", "is": [0.9, 0.99]},
        {"decision": "width_2", "when": "depth", "is": [2, 3, 4]},
    ],
)


def test_only_active_decisions_are_suggested_and_by_their_values():
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1))
    suggest, asked = make_optuna_suggest(CONDITIONAL), []

    def objective(trial):
        asked.append(suggest(trial))
        return float(trial.number)

    study.optimize(objective, n_trials=100)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 100
    assert CONDITIONAL.is_valid(np.concatenate(asked)).all()
    assert CONDITIONAL.to_dicts(np.concatenate(asked)) == [trial.params for trial in study.trials]
    for trial in study.trials:
        assert ("momentum" in trial.params) == (trial.params["optimizer"] == "sgd")
        assert ("nesterov" in trial.params) == (trial.params.get("momentum", 0) >= 0.9)
        assert ("width_2" in trial.params) == (trial.params["depth"] >= 2)
    lr = {str(trial.distributions["lr"]) for trial in study.trials}
    assert lr == {"FloatDistribution(high=0.1, log=True, low=0.0001, step=None)"}


def test_no_trial_of_a_conditional_task_is_pruned(tmp_path):
    """The same space without numbers on a scale, every configuration measured."""
    options = {
        "decisions": {
            "optimizer": {"categorical": ["sgd", "adam"]},
            "momentum": {"ordinal": [0, 0.5, 0.9]},
            "op": {"categorical": ["conv", "pool", "skip"]},
            "kernel": {"ordinal": [1, 3, 5]},
        },
        "conditions": [
            {"decision": "momentum", "when": "optimizer", "is": ["sgd"]},
            {"decision": "kernel", "when": "op", "is": ["conv"]},
        ],
    }
    space = HyperSpace(**options)
    task = measured_task(tmp_path, space, space.rows)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(make_optuna_objective(task, np.random.default_rng(0)), n_trials=100)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 100
    assert study.best_value == pytest.approx(task.optimum.score)
    for trial in study.trials:
        assert trial.value == task.query([trial.params])[0]  # parameters are the configuration


def measured_task(folder, space, archs):
    """Return a task whose score is a formula of the rows."""
    column = {"dataset": "data", "recipe": "trial", "seeds": np.array([0]), "epochs": np.array([1])}
    scores = np.random.default_rng(0).random((len(archs), 1, 1))
    texts = dict.fromkeys(("title", "citation", "licence", "source", "notes"), "made here")
    builder = TableBuilder(
        name="own",
        space="hyper",
        architectures=archs,
        cardinality=space.cardinality,
        measurements=[
            Measurement(split="valid", metric="score", unit="none", direction="maximize", values=scores, **column)
        ],
        space_options=space.code_options,
        **texts,
    )
    write_table(builder, folder / "own.h5")
    (folder / "own.toml").write_text(
        f'title = "own"\nversion = 1\nspace = "hyper"\ntable = "{folder}/own.h5"\nrecipe = "trial"\n'
        'metric = "score"\nobserved = "valid"\nreported = ["valid"]\ncost = 1.0\nbudget_s = 50\nbudget_note = ""\n'
        '[tasks.own]\ndataset = "data"\n'
    )
    return nasbench.load_task(f"{folder}/own.toml:own")


def test_numbers_on_a_scale_are_searched_by_optuna(tmp_path):
    check_strategy(partial(STRATEGIES.load("optuna")), CONDITIONAL, n_trials=12)
    rows = np.unique(CONDITIONAL.sample(60, np.random.default_rng(3)), axis=0)
    task = measured_task(tmp_path, CONDITIONAL, rows)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(make_optuna_objective(task, np.random.default_rng(0)), n_trials=50)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 50
    trained = [trial.user_attrs["architecture"] for trial in study.trials]
    assert task.query(trained).tolist() == [trial.value for trial in study.trials]
    assert len(set(trained)) > 15
    with pytest.warns(GapsWarning):
        record = nasbench.compare(f"{tmp_path}/own.toml:own", ["optuna"], runs=2)
    assert not any(run.failed for run in record.runs(f"{tmp_path}/own.toml:own", "optuna"))


def test_parameters_of_a_cell_are_the_names_of_its_operations():
    space = nasbench.load_task("nb201-cifar10").space
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trial = study.ask()
    arch = make_optuna_suggest(space)(trial)
    assert list(trial.params) == list(space.decisions)
    assert [space.operations.index(value) for value in trial.params.values()] == arch[0].tolist()
    channels = nasbench.registry.SPACES.load("nats_sss")()
    trial = study.ask()
    make_optuna_suggest(channels)(trial)
    assert all(value in range(8, 65, 8) for value in trial.params.values())


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


def test_a_wide_range_is_suggested_and_not_listed():
    space = HyperSpace({"seed": {"integer": [0, 2**40]}, "op": {"categorical": ["a", "b"]}})
    asked = STRATEGIES.load("optuna")(space, np.random.default_rng(0)).ask(3)
    assert space.is_valid(asked.arch).all()
