"""The shipped kits, run on every registered component: a new file is tested automatically."""

import random
import zlib
from functools import partial

import numpy as np
import pytest
from quick_options import PREDICTOR_OPTIONS, STRATEGY_OPTIONS

import nasbench
from nasbench.choices import options_of
from nasbench.errors import InvalidOption
from nasbench.predictions import Prediction
from nasbench.registry import DATASETS, ENCODINGS, NETWORKS, PREDICTORS, PROXIES, SPACES, STRATEGIES
from nasbench.spaces import EnumeratedSpace
from nasbench.surrogates._predictor import CheckedPredictor
from nasbench.testing import (
    check_options,
    check_predictor,
    check_space,
    check_strategy,
    check_task,
    check_wide_predictor,
)

EMBEDDED = ("nb201", "nbgraph")  # spaces whose tables ship


@pytest.mark.parametrize("name", SPACES.names())
def test_spaces_keep_their_laws(name, rng):
    check_space(SPACES.load(name)(), rng)


def elsewhere(name):
    """Return the spaces without embedded tables, rotated by name, so that the components together meet all of them."""
    others = [space for space in SPACES.names() if space not in EMBEDDED]
    first = zlib.crc32(name.encode()) % len(others)
    return others[first:] + others[:first]


@pytest.mark.parametrize("space", SPACES.names())
@pytest.mark.parametrize("name", STRATEGIES.names())
def test_strategies_keep_the_contract(name, space, request):
    """Every preset. The presets of a model-based strategy run in one space.

    Without ``--everywhere`` it runs in the embedded spaces and one other.
    """
    if extra := STRATEGIES.missing_extra(name):
        pytest.skip(f"the extra '{extra}' is not installed")
    strategy = STRATEGIES.load(name)
    quick = STRATEGY_OPTIONS.get(name, {})
    if quick and space not in (*EMBEDDED, elsewhere(name)[0]) and not request.config.getoption("everywhere"):
        pytest.skip("a model-based strategy in one more space: pytest --everywhere runs it (make test-everywhere)")
    space = SPACES.load(space)()
    presets = getattr(strategy, "presets", {}).values() if not quick or space.name == "nb201" else ()
    for options in (given | quick for given in ({}, *presets)):
        try:
            strategy(space, np.random.default_rng(0), **options)
        except InvalidOption as error:
            assert not isinstance(space, EnumeratedSpace), "only a space that is not enumerated may be refused"
            pytest.skip(str(error))
        check_strategy(strategy, space, options=options)


def made(registry, name, component, **options):
    """Make one as the suite does, in the space and for the task that most are made for."""
    space = SPACES.load("nb201")()
    if registry is STRATEGIES:
        learns = hasattr(component, "sources") and "target" in options_of(component)
        told = {"target": "nb201-cifar10"} if learns else {}
        return component(space, np.random.default_rng(0), **told | options)
    if registry in (PREDICTORS, ENCODINGS):
        return component(space, **options)
    if registry is NETWORKS:
        return component(SPACES.load(name)().sample(1, np.random.default_rng(0)), **options)
    paths = {"path": "nowhere"} if "path" in options_of(component) else {}
    return component(**paths | options)


def test_quick_options_name_components_that_exist():
    assert set(STRATEGY_OPTIONS) <= set(STRATEGIES.names())
    assert set(PREDICTOR_OPTIONS) <= set(PREDICTORS.names())


REGISTRIES = (STRATEGIES, PREDICTORS, ENCODINGS, NETWORKS, DATASETS, PROXIES)


@pytest.mark.parametrize(
    ("registry", "name"),
    [(registry, name) for registry in REGISTRIES for name in registry.names()],
    ids=lambda given: given if isinstance(given, str) else given.kind,
)
def test_every_option_is_checked_before_anything_runs(registry, name):
    if extra := registry.missing_extra(name):
        pytest.skip(f"the extra '{extra}' is not installed")
    component = registry.load(name)
    if not isinstance(component, type):
        pytest.skip("a function has no options of its own")
    check_options(component, partial(made, registry, name, component))


def predictor_or_skip(name):
    if extra := PREDICTORS.missing_extra(name):
        pytest.skip(f"the extra '{extra}' is not installed")
    return PREDICTORS.load(name)


@pytest.mark.parametrize("name", PREDICTORS.names())
def test_predictors_keep_the_contract(name):
    predictor = predictor_or_skip(name)
    for options in ({}, *getattr(predictor, "presets", {}).values()):
        check_predictor(predictor, SPACES.load("nb201")(), options=options | PREDICTOR_OPTIONS.get(name, {}))


@pytest.mark.parametrize("name", PREDICTORS.names())
def test_predictors_keep_the_contract_in_another_space(name):
    """One space that has the predictor's encoding, rotated by name, so that the predictors together meet all spaces."""
    predictor = predictor_or_skip(name)
    make = partial(predictor, **PREDICTOR_OPTIONS.get(name, {}))
    for space in (*elsewhere(name), "nbgraph"):
        try:
            check_predictor(make, SPACES.load(space)())
        except InvalidOption:
            continue
        return
    pytest.skip("it exists in nb201 only")


MOST_DECISIONS = {  # predictors that are not tested with 100 decisions: the largest number, and why
    "arch2vec": (0, "its 16 numbers are learnt without a score, and need not hold what a sum needs"),
    "arch2vec_dngo": (0, "the same codes"),
    "seminas": (0, "thousands of passes over sequences as long as there are decisions"),
    "gcn": (5, "dense matrices of as many vertices as decisions: minutes"),
    "graph_transformer": (25, "the same, and attention between all vertices"),
    "gates": (25, "the same"),
    "nasbot_gp": (5, "a transport between all pairs, whose cost is the cube of the number of decisions"),
    "gin": (25, "dense matrices of as many vertices as decisions: minutes"),
    "nao": (25, "sequences as long as there are decisions: minutes"),
    "ngboost": (25, "a minute of the boosting that xgboost is tried with"),
    "ensemble": (25, "members that are tried alone"),
    "tuned": (25, "a member that is tried alone"),
}
QUICKER = {
    "bohamiann": {"burn_in": 1000, "steps": 2000},
    "bonas": {"epochs": 60},
    "dngo": {"epochs": 100},
    "gates": {"epochs": 60},
    "gcn": {"epochs": 30, "batch_size": 16, "lr": 0.001},
    "gin": {"epochs": 40},
    "gp_and_trees": {"n_rounds": 40},
    "graph_transformer": {"members": 1, "epochs": 30},
    "lightgbm": {"n_rounds": 60},
    "mlp_ensemble": {"encoding": "one_hot", "members": 2, "epochs": 60},
    "nao": {"epochs": 60},
    "nasbot_gp": {"hyper_points": 60, "max_iterations": 10},
    "ngboost": {"n_rounds": 60},
    "random_forest": {"n_trees": 30},
    "sparse_gp": {"inducing": 100, "hyper_points": 150},
    "tuned": {"n_configs": 2},
    "xgboost": {"n_rounds": 60},
}


@pytest.mark.parametrize("n_decisions", [5, 25, 100])
@pytest.mark.parametrize("name", PREDICTORS.names())
def test_predictors_explain_a_sum_over_any_number_of_decisions(name, n_decisions):
    """A length that does for five decisions may see nothing in a hundred."""
    predictor = predictor_or_skip(name)
    most, why = MOST_DECISIONS.get(name, (100, ""))
    if n_decisions > most:
        pytest.skip(f"not with {n_decisions} decisions: {why}")
    if predictor(SPACES.load("nb201")()).needs:
        pytest.skip("it learns from more than decisions")
    check_wide_predictor(partial(predictor, **QUICKER.get(name, {})), n_decisions)


@pytest.mark.parametrize(
    "label",
    [
        "one_hot_gp,kernel=matern",
        "one_hot_gp@hamming",
        "functional_gp,encoding=decisions",
        "path_gp,encoding=decisions",
        "sparse_gp,encoding=decisions,inducing=150",
        "multi_task_gp,encoding=decisions",
        "deep_kernel_gp,encoding=decisions",
        "wl_gp@nas_bowl",
    ],
)
@pytest.mark.parametrize("n_decisions", [25, 100])
def test_kernels_of_decisions_explain_a_sum_over_many(label, n_decisions):
    predictor_or_skip(label.partition(",")[0].partition("@")[0])
    check_wide_predictor(lambda space: nasbench.make_predictor(space, label), n_decisions)


def test_a_predictor_that_answers_the_same_in_wide_spaces_is_caught():
    class Narrow(Ridge):
        def _compute_features(self, batch):
            length = 0.1  # a bump around each row's neighbourhood of zeros: a dozen of 25 decisions are ones
            return np.exp(-super()._compute_features(batch)[:, 1::2].sum(axis=1, keepdims=True) / length)

    check_wide_predictor(Ridge, 25)
    with pytest.raises(AssertionError, match=r"R2 is .* on a sum over 25 decisions after 75 points"):
        check_wide_predictor(Narrow, 25)


@pytest.mark.parametrize("name", nasbench.task_names())
def test_tasks_keep_their_promises(name, rng):
    check_task(nasbench.load_task(name), rng)


@pytest.mark.parametrize("registry", [SPACES, STRATEGIES, PREDICTORS], ids=lambda registry: registry.kind)
def test_every_component_says_what_it_is_and_where_it_comes_from(registry):
    for name in registry.names():
        component = registry.load(name)
        assert registry.summary(name), f"{name} has no summary"
        assert component.__doc__, f"{name}'s class has no documentation"
        module = __import__(component.__module__, fromlist=["_"])
        assert any(year in module.__doc__ for year in map(str, range(1950, 2027))) or "oracle" in module.__doc__, (
            f"{name} names no source"
        )


def test_a_broken_strategy_is_caught():
    class Repeats:
        def __init__(self, space, rng):
            self.arch = space.sample(1, rng)

        def ask(self, n):
            return nasbench.full_trainings(0, self.arch)

        def tell(self, results): ...

    with pytest.raises(AssertionError, match="used twice"):
        check_strategy(Repeats, SPACES.load("nb201")())


def test_a_strategy_with_global_randomness_is_caught():
    class Global:
        def __init__(self, space, rng):
            self.space, self.n = space, 0

        def ask(self, n):
            rows = np.random.randint(0, 15625, size=n)  # noqa: NPY002
            self.n += n
            return nasbench.full_trainings(self.n - n, self.space.rows[rows])

        def tell(self, results): ...

    with pytest.raises(AssertionError, match="the same seed gives another run"):
        check_strategy(Global, SPACES.load("nb201")())


class Ridge(CheckedPredictor):
    """A linear model of the one-hot encoding, for the tests of the kit."""

    def _fit(self, batch, value, rng):
        features = self._compute_features(batch)
        self._weights = np.linalg.solve(features.T @ features + np.eye(features.shape[1]), features.T @ value)

    def _predict(self, batch):
        mean = np.einsum("ij,j->i", self._compute_features(batch), self._weights)
        return mean, np.full(len(mean), 0.5)

    def _compute_features(self, batch):
        return self._space.encode(batch.archs, "one_hot").astype(float)


@pytest.mark.parametrize("space", SPACES.names())
@pytest.mark.parametrize("target", ["score", "rank", "log_error"])
def test_a_sound_predictor_passes_in_every_space(space, target):
    check_predictor(partial(Ridge, target=target), SPACES.load(space)())


class Global(Ridge):
    def _fit(self, batch, value, rng):
        super()._fit(batch, value + np.random.rand(len(value)), rng)  # noqa: NPY002


class GlobalPython(Ridge):
    def _fit(self, batch, value, rng):
        super()._fit(batch, value + random.random(), rng)


class SeedsGlobal(Ridge):
    def _fit(self, batch, value, rng):
        np.random.seed(0)  # noqa: NPY002
        super()._fit(batch, value, rng)


class Writes(Ridge):
    def fit(self, batch, score, rng):
        super().fit(batch, score, rng)
        score.sort()


class Remembers(Ridge):
    def _fit(self, batch, value, rng):
        self._fits = getattr(self, "_fits", 0) + 1
        super()._fit(batch, value + self._fits * self._compute_features(batch)[:, 0], rng)


class DependsOnTheBatch(Ridge):
    def _predict(self, batch):
        mean, std = super()._predict(batch)
        return mean - mean.mean(), std


class DependsOnTheOrder(Ridge):
    def _predict(self, batch):
        mean, std = super()._predict(batch)
        return mean + 0.01 * np.arange(len(mean)), std


class NoSpread(Ridge):
    def _predict(self, batch):
        mean, std = super()._predict(batch)
        return mean, 0 * std


class RestoresAnother(Ridge):
    def restore(self, state):
        super().restore(state)
        self._weights = self._weights + 0.1


class RefusesTwins(Ridge):
    def _fit(self, batch, value, rng):
        assert len(np.unique(batch.archs, axis=0)) == len(batch), "the same architecture twice"
        super()._fit(batch, value, rng)


class Single(Ridge):
    def predict(self, batch):
        return Prediction(super().predict(batch).mean.astype(np.float32))


class Lenient(Ridge):
    def fit(self, batch, score, rng):
        super().fit(batch, np.nan_to_num(score), rng)


class AnswersUnasked(Ridge):
    def predict(self, batch):
        return Prediction(np.zeros(len(batch))) if self._target is None else super().predict(batch)


@pytest.mark.parametrize(
    ("predictor", "complaint"),
    [
        (Global, "the global generator of numpy"),
        (GlobalPython, "the global generator of random"),
        (SeedsGlobal, "the global generator of numpy"),
        (Writes, "writes into its input"),
        (Remembers, "an earlier fit"),
        (DependsOnTheBatch, "depends on the order or number"),
        (DependsOnTheOrder, "depends on the order or number"),
        (NoSpread, "std is not positive"),
        (RestoresAnother, "a restored predictor answers otherwise"),
        (RefusesTwins, "the same architecture twice"),
        (Single, "float32, not float64"),
        (Lenient, "a target that is nan is accepted"),
        (AnswersUnasked, "before the first fit is accepted"),
    ],
)
def test_a_broken_predictor_is_caught(predictor, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_predictor(predictor, SPACES.load("nb201")())


def test_a_strategy_that_stumbles_over_a_second_objective_is_caught():
    class Single:
        def __init__(self, space, rng):
            self.space, self.rng, self.n = space, rng, 0

        def ask(self, n):
            self.n += n
            return nasbench.full_trainings(self.n - n, self.space.sample(n, self.rng))

        def tell(self, results):
            ((_,),) = results.score.tolist()

    with pytest.raises(ValueError, match="too many values"):
        check_strategy(Single, SPACES.load("nb201")())
