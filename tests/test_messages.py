"""Messages cannot be changed by who receives or sends them: contestants that try, and what the others then find."""

from typing import ClassVar

import numpy as np
import pytest

import nasbench
from nasbench import Budget, Results, Simulation, Trials, compare, full_trainings
from nasbench.arrays import freeze_array, is_frozen
from nasbench.backends.checkpoints import Checkpoints
from nasbench.choices import Choice
from nasbench.comparison.experiment import Limits
from nasbench.comparison.verify import verify
from nasbench.errors import BackendError
from nasbench.evaluation import running as _evaluate
from nasbench.predictions import Batch, Prediction
from nasbench.registry import SPACES, STRATEGIES
from nasbench.strategies._two_phase import StrategyFactory, TwoPhaseSearch
from nasbench.strategies.model_free.local_search import LocalSearch
from nasbench.tasks.surrogate.ensemble import _in_chunks
from nasbench.testing import check_space, check_strategy
from nasbench.testing._messages import write_over
from nasbench.trials import FULL_TRAINING

TASK, CURVES = "nb201-cifar10", "curves201-mnist1d"
HONEST = ["random_search", "local_search", "regularized_evolution@nb201"]


class Drawing:
    """Random search, the base of all contestants here."""

    def __init__(self, space, rng):
        self.space, self.rng, self.n = space, rng, 0

    def ask(self, n):
        self.n += n
        return full_trainings(self.n - n, self.space.sample(n, self.rng))

    def tell(self, results):
        pass


class WritesOverTheSpace(Drawing):
    """Writes over everything that the space hands out."""

    def ask(self, n):
        trials = super().ask(n)
        space, one = self.space, trials.arch[:1].copy()
        write_over([space.rows, space.cardinality, space.index(one), space.mutate(one, self.rng)])
        write_over([*space.neighbors(one), space.canonicalize(one), space.is_valid(one), space.encode(one, "one_hot")])
        return trials


class WritesOverResults(Drawing):
    """Writes over all that it is told, its own trials included."""

    def ask(self, n):
        self.trials = super().ask(n)
        return self.trials

    def tell(self, results):
        write_over([*results, *self.trials])


class Decided(WritesOverResults):
    """The same, with trials that are asked for and told in batches."""

    n_prefetchable = 1000


class ReshapesResults(Drawing):
    """Makes vectors of what it is told, in place."""

    def tell(self, results):
        for column in results:
            column.shape = (-1,)


class FillsItsBuffers(Drawing):
    """Keeps what it asks in arrays that it fills again."""

    def __init__(self, space, rng):
        super().__init__(space, rng)
        self.arch, self.id, self.epoch = space.sample(1, rng).copy(), np.zeros(1, np.int64), np.zeros(1, np.int64)

    def view(self, array):
        return array

    def ask(self, n):
        self.arch[:] = self.space.sample(1, self.rng)
        self.id[:], self.epoch[:] = self.n, FULL_TRAINING
        self.n += 1
        return Trials(*map(self.view, (self.id, self.arch, self.epoch)))

    def tell(self, results):
        self.arch[:] = self.id[:] = self.epoch[:] = 3


class HandsOverBroadcasts(FillsItsBuffers):
    """The same through ``np.broadcast_to``, which is read-only and yet changes."""

    def view(self, array):
        return np.broadcast_to(array, array.shape)


class HandsOverReadOnlyViews(FillsItsBuffers):
    """The same through views that are marked read-only."""

    def view(self, array):
        view = array.view()
        view.flags.writeable = False
        return view


class OwnArrays(np.ndarray):
    """A sub-class, of which nobody knows what it does."""


class HandsOverASubclass(FillsItsBuffers):
    """The same through arrays of a class of its own."""

    def view(self, array):
        return array.view(OwnArrays)


class LiftsTheMark(FillsItsBuffers):
    """Marks its arrays read-only when it asks, and lifts the mark afterwards."""

    def view(self, array):
        array.flags.writeable = False
        return array

    def ask(self, n):
        for array in (self.arch, self.id, self.epoch):
            array.flags.writeable = True
        return super().ask(n)

    def tell(self, results):
        for array in (self.arch, self.id, self.epoch):
            array.flags.writeable = True
        super().tell(results)


HOSTILE = [
    WritesOverTheSpace,
    WritesOverResults,
    Decided,
    ReshapesResults,
    FillsItsBuffers,
    HandsOverBroadcasts,
    HandsOverReadOnlyViews,
    HandsOverASubclass,
    LiftsTheMark,
]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return what honest strategies do among themselves."""
    out = tmp_path_factory.mktemp("honest") / "out"
    return compare(TASK, HONEST, runs=2, limits=Limits(trials=25), out=out)


@pytest.mark.parametrize("contestant", HOSTILE)
def test_a_contestant_changes_neither_the_others_nor_its_own_record(contestant, undisturbed, tmp_path):
    record = compare(TASK, [contestant, *HONEST], runs=2, limits=Limits(trials=25), out=tmp_path / "out")
    for label in HONEST:
        lines = [[run.to_bytes() for run in found.runs(TASK, label)] for found in (undisturbed, record)]
        assert lines[0] == lines[1], f"{label} finds something else beside {contestant.__name__}"
    (own,) = set(record.strategies) - set(HONEST)
    assert not any(run.failed for run in record.runs(TASK, own))
    verdict = verify(record, sample=1, rng=np.random.default_rng(0))
    assert verdict.matches, verdict


@pytest.mark.parametrize("contestant", HOSTILE)
def test_such_a_contestant_passes_the_kit_all_the_same(contestant):
    """It harms nobody, itself included: every array that it writes over is its own."""
    check_strategy(contestant, nasbench.load_task(TASK).space, n_trials=12)


def test_the_kit_finds_a_space_that_hands_out_what_it_keeps():
    class Keeping(type(SPACES.load("nb201")())):
        kept: ClassVar = {}

        def is_valid(self, archs):
            return self.kept.setdefault(archs.tobytes(), super().is_valid(archs))

    with pytest.raises(AssertionError, match="the answer of is_valid changes it for other callers"):
        check_space(Keeping(), np.random.default_rng(0))


def test_the_kit_finds_a_contestant_that_changes_the_space_of_the_others():
    class Replaces(Drawing):
        def ask(self, n):
            rows = self.space.rows
            self.space.neighbors = lambda archs: (rows[:9], np.zeros(9, np.int64))
            return super().ask(n)

    with pytest.raises(AssertionError, match="changes what another one, run after it, finds"):
        check_strategy(Replaces, SPACES.load("nb201")(), n_trials=12)


@pytest.mark.parametrize("n_workers", [1, 4])
def test_what_is_told_leads_to_nothing_that_was_not_told(n_workers):
    """Not to costs of architectures that were never trained, nor to results of trials that are still running."""
    task, told = nasbench.load_task(TASK), []

    class Looking(Drawing):
        def tell(self, results):
            told.append(results.id.item())
            for column in (results.score, results.cost_s):
                memory = column
                while isinstance(memory, np.ndarray):
                    assert memory.size == 1
                    memory = memory.base
                assert len(memory) <= 16, "one score and one cost, 8 bytes each"

    backend = task.backend(np.random.default_rng(0))
    strategy = Looking(task.space, np.random.default_rng(1))
    Simulation(strategy, backend, task.space, budget=Budget(trials=9), n_workers=n_workers).run()
    assert len(told) == 9


def test_everything_that_is_told_is_frozen():
    task = nasbench.load_task(CURVES)
    for label, checkpoints in (("asha", Checkpoints(restart_s=1.0)), ("random_search", Checkpoints()), ("asha", None)):
        strategy, _ = Choice.parse(label).resolve(STRATEGIES)
        more = {"epochs": task.epochs} if label == "asha" else {}
        simulation = Simulation(
            strategy(task.space, np.random.default_rng(0), **more),
            task.backend(np.random.default_rng(1)),
            task.space,
            budget=Budget(trials=30),
            n_workers=3,
            checkpoints=checkpoints or Checkpoints(),
        )
        assert all(is_frozen(column) for results in simulation for column in results)


def test_what_tasks_and_tables_share_is_frozen():
    task = nasbench.load_task(CURVES)
    seen = task.observations
    shared = [task.space.rows, task.space.cardinality, task.rows, task.optimum.arch, task.table.architectures]
    shared += [seen.scores, seen.n_seeds, seen.cost_s, seen.earlier[1].scores, seen.earlier[1].cost_s]
    assert all(map(is_frozen, shared))
    assert write_over([*shared, task.table.cardinality, full_trainings(0, task.space.rows[:2]).id]) == 0


def test_frozen_arrays_stay_as_they_are(rng):
    given = rng.random((3, 4))
    frozen, kept = freeze_array(given), given.copy()
    given[:] = 0
    assert (frozen == kept).all()
    for part in (frozen, frozen[1:], frozen.T, frozen[:, None], frozen.view()):
        assert is_frozen(part)
        with pytest.raises(ValueError, match="WRITEABLE"):
            part.flags.writeable = True
    assert freeze_array(frozen) is frozen
    for view in (given, np.broadcast_to(given, (2, 3, 4)), np.lib.stride_tricks.as_strided(given, writeable=False)):
        assert not is_frozen(view)
    over_an_array = np.frombuffer(bytearray(8))
    assert not is_frozen(over_an_array)
    assert freeze_array(np.empty((0, 6), np.int8)).shape == (0, 6)


class Charging:
    """A backend that charges what it is told to."""

    def __init__(self, costs):
        self.costs = costs

    def advance(self, trials):
        n = len(trials.id)
        epochs = np.where(trials.epoch == FULL_TRAINING, 9, trials.epoch)
        return Results(trials.id, epochs, np.ones((n, 1)), np.resize(self.costs, n)[:n])


@pytest.mark.parametrize("cost", [-4.4, 0.0, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("n_workers", [1, 3])
def test_a_clock_that_would_stand_still_or_run_backwards_is_refused(cost, n_workers):
    space = nasbench.load_task(TASK).space
    strategy = Drawing(space, np.random.default_rng(0))
    budget = Budget(seconds=100.0)
    with pytest.raises(BackendError, match=r"Charging charges .* seconds for trial 0"):
        Simulation(strategy, Charging(np.array([cost])), space, budget=budget, n_workers=n_workers).run()


def test_going_on_may_be_free_but_beginning_may_not():
    """No trial can go on for ever, so that the clock need not move each time."""
    space = nasbench.load_task(TASK).space

    class Steps(Drawing):
        def ask(self, n):
            self.n += 1
            trial, epoch = divmod(self.n - 1, 3)
            return Trials(np.array([trial]), space.rows[:1], np.array([epoch + 1]))

    class FreeSteps(Charging):
        def advance(self, trials):
            return super().advance(trials)._replace(cost_s=np.where(trials.epoch == 1, 2.0, 0.0))

    history = Simulation(Steps(space, None), FreeSteps([1.0]), space, budget=Budget(seconds=7.0)).run()
    assert history.finish_s.tolist() == [2.0] * 3 + [4.0] * 3 + [6.0] * 3


def test_a_backend_that_keeps_its_arrays_is_not_written_over():
    space = nasbench.load_task(TASK).space
    backend = Charging(np.ones(16))
    backend.scores = np.full((16, 1), 0.5)
    answer = backend.advance
    backend.advance = lambda trials: answer(trials)._replace(score=backend.scores[: len(trials.id)])
    for n_workers in (1, 4):
        strategy = WritesOverResults(space, np.random.default_rng(0))
        history = Simulation(strategy, backend, space, budget=Budget(trials=12), n_workers=n_workers).run()
        assert (history.score == 0.5).all()
    assert (backend.scores == 0.5).all()


def test_an_inner_strategy_may_fill_its_buffers_again():
    """Its trials are remembered as they were asked by whoever leads it."""
    space = nasbench.load_task(TASK).space
    first = HandsOverBroadcasts(space, np.random.default_rng(0))
    search = TwoPhaseSearch(
        space, np.random.default_rng(1), first=first, n_first=5, then=StrategyFactory(LocalSearch, {})
    )
    backend = nasbench.load_task(TASK).backend(np.random.default_rng(2))
    history = Simulation(search, backend, space, budget=Budget(trials=12)).run()
    firsts = {row.tobytes(): score for row, score in zip(history.arch[:5], history.score[:5].tolist(), strict=True)}
    assert len(firsts) == 5
    assert {key: scores[0] for key, (_, scores, _) in search._told.items()} == firsts


class Refilling:
    """A predictor that writes over what it learns from and is asked, and fills its answer again."""

    needs = frozenset()

    def __init__(self, space):
        self.mean = np.zeros(10**5)

    def fit(self, batch, score, rng):
        write_over([batch.archs, score])

    def predict(self, batch):
        first = batch.archs[:, 0] + 0.0
        write_over([batch.archs])
        self.mean[: len(first)] = first
        return Prediction(self.mean[: len(first)])


def test_predictors_may_fill_their_arrays_again(monkeypatch):
    space = nasbench.load_task(TASK).space
    archs = space.sample(50, np.random.default_rng(0))
    first = archs[:, 0].tolist()
    monkeypatch.setattr(_evaluate, "_CHUNK", 20)
    monkeypatch.setattr("nasbench.tasks.surrogate.ensemble._CHUNK", 20)
    predictor = Refilling(space)
    assert _evaluate._predict_checked(predictor, Batch(archs)).mean.tolist() == first
    assert _in_chunks(predictor, archs).mean.tolist() == first
    assert archs[:, 0].tolist() == first


def test_options_belong_to_one_run():
    """A strategy that writes over a list among its options leaves the next run its own."""

    class Listing(Drawing):
        presets: ClassVar = {"some": {"sizes": [1, 2]}}

        def __init__(self, space, rng, *, sizes=()):
            super().__init__(space, rng)
            sizes.append(3)

    choice = Choice("", "some", {}, Listing)
    for _ in range(2):
        _, options = choice.resolve(STRATEGIES)
        assert options == {"sizes": [1, 2]}
        Listing(None, None, **options)
