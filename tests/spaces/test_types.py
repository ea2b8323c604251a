"""Architectures of other types than int8: real numbers, wide whole numbers, rows of different length."""

import json

import numpy as np
import pytest

from nasbench import Budget, Results, Simulation, full_trainings
from nasbench.arrays import PADDING, as_archs, view_as_keys
from nasbench.errors import InvalidArchitecture
from nasbench.recommending import recommend_by_default
from nasbench.spaces import SearchSpace, space_with_initial_samples
from nasbench.strategies._bookkeeping import sample_new
from nasbench.strategies._two_phase import Design, StrategyFactory, TwoPhaseSearch
from nasbench.strategies.model_free.random_search import RandomSearch
from nasbench.strategies.model_free.regularized_evolution import RegularizedEvolution


class PlainSpace(SearchSpace):
    """What the spaces below share: no classes, no graphs, JSON as text."""

    operations = ()
    size = np.inf

    def neighbors(self, archs):
        archs = self.checked(archs)
        return self.mutate(archs, np.random.default_rng(0)), np.arange(len(archs))

    def canonicalize(self, archs):
        return self.checked(archs)

    def graphs(self, archs):
        raise NotImplementedError("these architectures are not graphs")

    def parse(self, texts):
        return self.read_rows(np.array([json.loads(text) for text in texts]))

    def format(self, archs):
        return [json.dumps(row) for row in archs.tolist()]


class MixedSpace(PlainSpace):
    """A learning rate, a dropout from 0, a number of units up to 5000, one of three optimisers."""

    name, decisions = "mixed", ("lr", "dropout", "units", "optimiser")
    cardinality, dtype = np.array([0, 0, 5000, 3]), np.dtype(np.float64)

    def sample(self, n, rng):
        u = rng.random((n, 4))
        dropout = np.where(u[:, 1] < 0.5, -0.0, u[:, 1])  # minus zero: as a product may give it
        return np.stack([10 ** (-4 * u[:, 0]), dropout, np.floor(u[:, 2] * 5000), np.floor(u[:, 3] * 3)], axis=1)

    def mutate(self, archs, rng):
        column = rng.integers(4, size=len(archs))
        return np.where(np.arange(4) == column[:, None], self.sample(len(archs), rng), self.checked(archs))

    def is_valid(self, archs):
        lr, dropout, units, optimiser = archs.T
        whole = (units == np.floor(units)) & (optimiser == np.floor(optimiser))
        inside = (lr > 0) & (lr <= 1) & (dropout >= 0) & (dropout < 1) & (units >= 0) & (units < 5000)
        return inside & whole & (optimiser >= 0) & (optimiser < 3)


class SentenceSpace(PlainSpace):
    """One to six tokens of a vocabulary of 1000."""

    name, decisions = "sentences", tuple(f"token_{i}" for i in range(6))
    cardinality, dtype = np.full(6, 1000), np.dtype(np.int64)

    def sample(self, n, rng):
        length = rng.integers(1, 7, size=n)
        return np.where(np.arange(6) < length[:, None], rng.integers(1000, size=(n, 6)), PADDING)

    def mutate(self, archs, rng):
        archs = self.checked(archs)
        return np.where(
            (archs != PADDING) & (rng.random(archs.shape) < 0.5), rng.integers(1000, size=archs.shape), archs
        )

    def is_valid(self, archs):
        used = np.arange(6) < self.lengths(archs)[:, None]
        inside = (archs >= 0) & (archs < 1000)
        return (self.lengths(archs) > 0) & (np.where(used, inside, archs == PADDING)).all(axis=1)


class RaggedSpace(SentenceSpace):
    """The same with real numbers, padded with nan."""

    name, dtype = "ragged", np.dtype(np.float64)
    cardinality = np.zeros(6, dtype=np.int64)

    def sample(self, n, rng):
        return np.where(np.arange(6) < rng.integers(1, 7, size=n)[:, None], rng.random((n, 6)), np.nan)

    def mutate(self, archs, rng):
        archs = self.checked(archs)
        return np.where(np.isnan(archs), np.nan, rng.random(archs.shape))

    def is_valid(self, archs):
        used = np.arange(6) < self.lengths(archs)[:, None]
        return (self.lengths(archs) > 0) & (np.isnan(archs) != used).all(axis=1)


class Longest:
    """Scores the length and then the sum of what is used, and keeps what it was asked."""

    def __init__(self, space):
        self.space, self.asked = space, []

    def advance(self, trials):
        archs = self.space.checked(trials.arch)
        self.asked.extend(archs)
        score = 1e4 * self.space.lengths(archs) + np.where(archs == PADDING, 0, np.nan_to_num(archs)).sum(axis=1)
        return Results(trials.id, np.full(len(archs), 5), score[:, None], np.ones(len(archs)))


SPACES = [MixedSpace(), SentenceSpace(), RaggedSpace()]


@pytest.mark.parametrize("n_workers", [1, 3])
@pytest.mark.parametrize(
    "strategy", [RandomSearch, lambda *made: RegularizedEvolution(*made, population_size=5, sample_size=2)]
)
@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_a_search_keeps_every_number_of_an_architecture(space, strategy, n_workers):
    backend = Longest(space)
    made = strategy(space, np.random.default_rng(0))
    history = Simulation(made, backend, space, budget=Budget(trials=40), n_workers=n_workers).run()
    assert history.arch.dtype == space.dtype
    assert history.arch.tobytes() == np.array(backend.asked).tobytes()
    assert space.is_valid(history.arch).all()
    scores = history.score[:, 0]
    best = recommend_by_default(history)[-1]
    assert best.archs.tobytes() == history.arch[[scores.argmax()]].tobytes()
    assert best.archs.dtype == space.dtype


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_a_second_phase_recognises_what_the_first_one_trained(space):
    """Each of three given architectures is drawn again by the second phase, and answered from memory."""
    given = space.sample(3, np.random.default_rng(7))
    search = TwoPhaseSearch(
        space, np.random.default_rng(1), first=Design(given), n_first=3, then=StrategyFactory(RandomSearch, {})
    )
    history = Simulation(search, Longest(space), space, budget=Budget(trials=10)).run()
    assert len({row.tobytes() for row in history.arch}) == 10
    assert np.array_equal(history.arch[:3], given, equal_nan=True)


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_rows_have_one_name(space, rng):
    archs = space.checked(space.sample(50, rng))
    names = view_as_keys(archs)
    assert len(np.unique(names)) == 50
    assert (names == view_as_keys(space.read(archs.tolist()))).all()
    assert (names == view_as_keys(space.parse(space.format(archs)))).all()
    assert sample_new(space, rng, 5, {name.tobytes() for name in names}).shape == (5, space.width)
    first = space_with_initial_samples(space, archs[:4])
    assert np.array_equal(np.concatenate([first.sample(3, rng), first.sample(3, rng)])[:4], archs[:4], equal_nan=True)


def test_zero_and_nan_are_written_in_one_way():
    odd_nan = np.array([0x7FF8000000000001], dtype=np.uint64).view(np.float64)[0]
    rows = as_archs(np.array([[-0.0, odd_nan], [0.0, np.nan]]), 2, np.dtype(np.float64))
    assert rows[0].tobytes() == rows[1].tobytes()


def test_lengths_count_up_to_the_padding_at_the_end():
    sentences = np.array([[5, 0, 7, -1, -1, -1], [1, 2, 3, 4, 5, 6], [-1] * 6])
    assert SentenceSpace().lengths(sentences).tolist() == [3, 6, 0]
    assert RaggedSpace().lengths(np.where(sentences < 0, np.nan, sentences)).tolist() == [3, 6, 0]
    assert SentenceSpace().encode(sentences[:2], "one_hot").sum(axis=1).tolist() == [3, 6]
    assert MixedSpace().encodings == ("adjacency",)


def test_what_does_not_fit_the_type_is_refused():
    with pytest.raises(InvalidArchitecture, match="expected integers"):
        SentenceSpace().checked(np.full((1, 6), 0.5))
    with pytest.raises(InvalidArchitecture, match="expected numbers"):
        MixedSpace().checked(np.array([["a"] * 4]))
    with pytest.raises(InvalidArchitecture, match=r"decision 'units' is 5000\.0, expected 0 to 4999"):
        MixedSpace().checked(np.array([[0.1, 0.0, 5000, 0]]))
    with pytest.raises(InvalidArchitecture, match="-129 does not fit int8"):
        as_archs(np.array([[-129]]), 1)
    strategy = RandomSearch(MixedSpace(), np.random.default_rng(0))
    strategy.ask = lambda n: full_trainings(0, np.array([["a"] * 4]))
    with pytest.raises(InvalidArchitecture, match="expected numbers"):
        Simulation(strategy, Longest(MixedSpace()), MixedSpace(), budget=Budget(trials=3)).run()
