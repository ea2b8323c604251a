"""Any space of named decisions through other tools and files and back: the same architectures with the same scores."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench.errors import InvalidOption
from nasbench.spaces.hyper import HyperSpace
from nasbench.table import Measurement, Table, TableBuilder, write_table
from nasbench.tasks import space_of

TWO = {"one of two": {"categorical": ["a", "b"]}}  # no space has a single configuration
CATEGORIES = ["sgd", "adam", "conv 3x3", True, False, 1, 0.5, "None", "1e-3", "true story"]


@st.composite
def numbers(draw):
    """A real number with few decimals, since ConfigSpace keeps 13."""
    return draw(st.integers(-(10**7), 10**7)) / 10 ** draw(st.integers(0, 6))


@st.composite
def domains(draw):
    kind = draw(st.sampled_from(["categorical", "ordinal", "integer", "real", "log real", "log integer", "steps"]))
    if kind in ("categorical", "ordinal"):
        listed = CATEGORIES if kind == "categorical" else [0, 0.5, 0.9, 16, 32]
        return {kind: draw(st.lists(st.sampled_from(listed), min_size=1, max_size=4, unique_by=str))}
    if kind == "integer":
        low = draw(st.integers(-300, 300))
        return {"integer": [low, low + draw(st.integers(0, 10**6))]}
    if kind == "steps":
        return {"integer": [2, 2 + draw(st.integers(4, 900))], "step": draw(st.integers(2, 7))}
    if kind == "log integer":
        return {"integer": [1, draw(st.integers(2, 10**5))], "log": True} | draw(st.sampled_from([{}, {"step": 1}]))
    if kind == "log real":
        low = 10.0 ** draw(st.integers(-6, 1))
        return {"real": [low, low * draw(st.integers(2, 1000))], "log": True}
    low, high = sorted(draw(st.lists(numbers(), min_size=2, max_size=2, unique=True)))
    return {"real": [low, high]}


def is_listed(domain):
    """Return whether a condition can depend on such a decision."""
    if "integer" not in domain:
        return "real" not in domain
    low, high = domain["integer"]
    return "log" not in domain and (high - low) // domain.get("step", 1) < 127


@st.composite
def spaces(draw):
    names = draw(
        st.lists(st.sampled_from(["lr", "depth", "op", "a b", "x.y", "w"]), min_size=1, max_size=5, unique=True)
    )
    decisions = {name: draw(domains()) for name in names}
    conditions = []
    for at, name in enumerate(names):
        parents = [own for own in names[:at] if is_listed(decisions[own])]
        if parents and draw(st.booleans()):
            parent = draw(st.sampled_from(parents))
            kind, listed = next(iter(decisions[parent].items()))
            listed = listed[:1] + listed[-1:] if kind == "integer" else listed
            listed = listed[:1] if "step" in decisions[parent] else listed  # a step may not reach the upper bound
            values = draw(st.lists(st.sampled_from(listed), min_size=1, unique_by=str))
            conditions.append({"decision": name, "when": parent, "is": values})
    return HyperSpace(
        {**decisions, "more": {"real": [0.0, 1.0]}} if draw(st.booleans()) else TWO | decisions, conditions
    )


def draw_archs(space, seed, decimals=None):
    """Return distinct configurations; real numbers rounded, where another tool rounds."""
    archs = np.unique(space.sample(30, np.random.default_rng(seed)), axis=0)
    if decimals is None or archs.dtype == np.int8:
        return archs
    for at, item in enumerate(space.declared):
        if item.kind == "real":
            rounded = np.clip(np.round(archs[:, at], decimals), item.low, item.high)
            archs[:, at] = np.where(archs[:, at] == 0, 0, rounded)
    return np.unique(space.canonicalize(archs), axis=0)


@settings(max_examples=40, deadline=None)
@given(space=spaces(), seed=st.integers(0, 2**32 - 1))
def test_through_dictionaries_json_texts_and_data_frames(space, seed):
    archs = draw_archs(space, seed)
    dicts = space.to_dicts(archs)
    again = HyperSpace(**json.loads(json.dumps(space.code_options)))
    assert again.declared == space.declared
    assert (again.read(json.loads(json.dumps(dicts))) == archs).all()
    assert (again.parse(space.format(archs)) == archs).all()
    assert (again.read(pd.DataFrame(dicts)) == archs).all()
    assert (again.read(pd.DataFrame(dicts, dtype=object)) == archs).all()


@settings(max_examples=30, deadline=None)
@given(space=spaces(), seed=st.integers(0, 2**32 - 1))
def test_through_our_own_file(space, seed, tmp_path_factory):
    archs = draw_archs(space, seed)
    scores = np.random.default_rng(seed).random((len(archs), 1, 1))
    column = Measurement(
        dataset="data", recipe="trial", split="valid", metric="score", unit="none", direction="maximize",
        values=scores, seeds=np.array([0]), epochs=np.array([1]),
    )  # fmt: skip
    texts = dict.fromkeys(("title", "citation", "licence", "source", "notes"), "made here")
    path = tmp_path_factory.mktemp("table") / "own.h5"
    options = {"architectures": archs, "cardinality": space.cardinality, "space_options": space.code_options}
    write_table(TableBuilder(name="own", space="hyper", measurements=[column], **texts, **options), path)
    table = Table(path)
    back = space_of(table)
    rows = table.index(back.read(space.to_dicts(archs)))
    values = table.query(rows, dataset="data", recipe="trial", split="valid", metric="score")
    assert (values == scores[:, 0, 0]).all()
    assert back.format(table.architectures[rows]) == space.format(archs)


@settings(max_examples=40, deadline=None)
@given(space=spaces(), seed=st.integers(0, 2**32 - 1))
def test_through_configspace(space, seed):
    cs = pytest.importorskip("ConfigSpace", reason="the extra 'configspace' is not installed")
    theirs = space.to_configspace()
    back = HyperSpace.from_configspace(theirs)
    archs = draw_archs(space, seed, decimals=8)
    ours = [cs.Configuration(theirs, values=config) for config in write_for_others(space, archs)]
    np.testing.assert_allclose(space.read(ours), archs, rtol=1e-9)
    for config, same in zip(space.to_dicts(archs), back.to_dicts(back.read(ours)), strict=True):
        assert {name: readable(value) for name, value in same.items()} == {
            name: readable(value) for name, value in config.items()
        }
    theirs.seed(seed % 2**31)
    drawn = theirs.sample_configuration(20)
    assert space.is_valid(space.read(list(drawn))).all()


def write_for_others(space, archs):
    """Return configurations for tools that take true as 1: texts where truth values stand beside numbers."""
    plain = space.to_dicts(archs)
    for item in space.declared:
        if len({isinstance(value, bool) for value in item.values if not isinstance(value, str)}) > 1:
            for config in plain:
                if item.name in config:
                    config[item.name] = item.texts[list(map(repr, item.values)).index(repr(config[item.name]))]
    return plain


def readable(value):
    """Return a value with the digits that ConfigSpace keeps; values that it takes as equal are texts there."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.9g}" if isinstance(value, int | float) else value


def sort_text(text):
    return ",".join(sorted(text.split(",")))


@settings(max_examples=40, deadline=None)
@given(space=spaces(), seed=st.integers(0, 2**32 - 1))
def test_through_optuna(space, seed):
    optuna = pytest.importorskip("optuna", reason="the extra 'optuna' is not installed")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    archs = draw_archs(space, seed)
    suggest = space.to_optuna()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed % 2**31))
    configs = write_for_others(space, archs)
    for arch, config in zip(archs, configs, strict=True):
        study.enqueue_trial(config)
        trial = study.ask()
        assert (suggest(trial) == arch).all()
        assert trial.params == config  # what is inactive is not suggested
        study.tell(trial, 0.0)
    for _ in range(10):
        trial = study.ask()
        assert space.is_valid(suggest(trial)).all()
        study.tell(trial, 1.0)
    for name in space.decisions:  # one name, one distribution
        seen = [trial.distributions[name] for trial in study.trials if name in trial.distributions]
        assert all(own == seen[0] for own in seen)
    back = HyperSpace.from_optuna(study)
    known = [{name: value for name, value in config.items() if name in back.decisions} for config in configs]
    if not any(name.startswith("with_") for name in back.decisions):
        assert sorted(map(sort_text, back.format(back.read(known)))) == sorted(map(sort_text, space.format(archs)))


def test_optuna_distributions_by_name():
    optuna = pytest.importorskip("optuna", reason="the extra 'optuna' is not installed")
    d = optuna.distributions
    space = HyperSpace.from_optuna(
        {
            "lr": d.FloatDistribution(1e-5, 0.1, log=True),
            "p": d.FloatDistribution(0.0, 0.5, step=0.25),
            "n": d.IntDistribution(2, 64, log=True),
            "k": d.IntDistribution(0, 10, step=5),
            "op": d.CategoricalDistribution(["a", "b"]),
        }
    )
    assert space.code_options["decisions"] == {
        "lr": {"real": [1e-5, 0.1], "log": True},
        "p": {"ordinal": [0.0, 0.25, 0.5]},
        "n": {"integer": [2, 64], "step": 1, "log": True},
        "k": {"integer": [0, 10], "step": 5},
        "op": {"categorical": ["a", "b"]},
    }
    for wrong in ({"lr": 3}, 5, [1, 2]):
        with pytest.raises(InvalidOption, match="Optuna"):
            HyperSpace.from_optuna(wrong)
    with pytest.raises(InvalidOption, match="none of 0 trials"):
        HyperSpace.from_optuna(optuna.create_study())


@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution")
def test_categories_of_any_type_through_optuna():
    optuna = pytest.importorskip("optuna", reason="the extra 'optuna' is not installed")
    categories = {
        "act": [None, "relu"],
        "shape": [(3, 3), (5, 5)],
        "a=b": ["x,y", "z"],
        "n": [True, 1.5, "y"],
        "pads": [[0], [1, 1]],
    }
    domains = {name: optuna.distributions.CategoricalDistribution(own) for name, own in categories.items()}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(20):
        study.tell(study.ask(domains), 0.0)
    for space in (HyperSpace.from_optuna(domains), HyperSpace.from_optuna(study)):
        assert space.code_options["decisions"]["act"] == {"categorical": ["None", "relu"]}
        read = [space.format(space.read([trial.params]))[0] for trial in study.trials]
        assert len(set(read)) == len({str(trial.params) for trial in study.trials})
        assert any("act=None" in text and "shape=(3; 3)" in text for text in read)


def test_none_is_the_text_none_only_where_the_decision_is_active():
    space = HyperSpace(
        {"op": {"categorical": ["a", "b"]}, "act": {"categorical": ["relu", "None"]}},
        [{"decision": "act", "when": "op", "is": ["a"]}],
    )
    assert space.read([{"op": "a", "act": None}, {"op": "b", "act": None}]).tolist() == [[0, 1], [1, 0]]


def test_a_number_is_read_where_its_text_is_listed():
    space = HyperSpace({"x": {"categorical": ["true", "1", "y"]}, "z": {"ordinal": [1, 2]}})
    assert space.read([{"x": 1, "z": 2}, {"x": True, "z": 1}]).tolist() == [[1, 1], [0, 0]]


def test_the_conditions_of_a_program_are_found_in_its_trials():
    optuna = pytest.importorskip("optuna", reason="the extra 'optuna' is not installed")

    def objective(trial):
        n = trial.suggest_int("layers", 1, 4)
        for i in range(1, n + 1):
            trial.suggest_int(f"units_{i}", 8, 1024, log=True)
        if trial.suggest_categorical("optimizer", ["sgd", "adam"]) == "sgd":
            trial.suggest_float("momentum", 0.0, 0.99)
        return n

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=60)
    conditions = {own["decision"]: own for own in HyperSpace.from_optuna(study).code_options["conditions"]}
    assert {name: own["is"] for name, own in conditions.items()} == {
        "units_2": [2, 3, 4],
        "units_3": [3, 4],
        "units_4": [4],
        "momentum": ["sgd"],
    }
