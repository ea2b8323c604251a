"""The contract of a search strategy: whatever the order, number and fate of its trials."""

import copy
from collections.abc import Callable

import numpy as np

from nasbench.arrays import Archs
from nasbench.errors import SearchFinished
from nasbench.simulation import Budget, History, Simulation
from nasbench.spaces import SearchSpace
from nasbench.trials import Results, Strategy, Trials

Maker = Callable[[SearchSpace, np.random.Generator], Strategy]


class _Landscape:
    """A backend with a score that any strategy can climb; some trainings crash, all differ in length.

    A second objective, of those that ask for one, is missing for every other architecture.
    """

    def __init__(self, space: SearchSpace, *, crashes: float = 0.0, n_objectives: int = 1) -> None:
        rng = np.random.default_rng(5)
        self._weights = [rng.random(int(k)) for k in space.cardinality]
        self._crashes, self._seen, self._n_objectives = crashes, set[int](), n_objectives

    def advance(self, trials: Trials) -> Results:
        repeated = self._seen & set(trials.id.tolist())
        assert not repeated, f"trial ids {sorted(repeated)} are used twice"
        self._seen |= set(trials.id.tolist())
        score = np.mean([weights[trials.arch[:, i]] for i, weights in enumerate(self._weights)], axis=0)
        fate = (trials.arch.astype(np.int64).sum(axis=1) * 7919 % 100) / 100
        score = np.where(fate < self._crashes, np.nan, score)
        scores = np.stack([score, np.where(fate < 0.5, np.nan, -fate)], axis=1)[:, : self._n_objectives]
        return Results(trials.id, np.full(len(score), 10), scores, 1.0 + fate)


def check_strategy(make: Maker, space: SearchSpace, *, n_trials: int = 60) -> None:
    """Check that a strategy keeps the contract in ``space``.

    Args:
        make: ``make(space, rng)`` returns a new strategy: a class, or a partial with options.
        space: where to search.
        n_trials: length of each trial run.

    A strategy that uses no randomness says so by an attribute ``deterministic = True``.
    """
    n_trials = int(min(n_trials, space.size))
    for n_workers in (1, 3, 16):
        for crashes in (0.0, 0.3, 1.0):
            first, again = (_search(make, space, n_trials, n_workers, crashes) for _ in range(2))
            what = f"{n_workers} worker(s), {crashes:.0%} crashes"
            assert len(first.id) == n_trials, f"{len(first.id)} of {n_trials} trials with {what}"
            assert space.is_valid(first.arch).all(), f"invalid architectures with {what}"
            assert _same(first, again), f"the same seed gives another run with {what}"
    _other_seed_differs(make, space, n_trials)
    _leaves_global_randomness_alone(make, space)
    _any_order(make, space)
    _a_copy_goes_on(make, space)
    _several_objectives(make, space, n_trials)


def _search(make: Maker, space: SearchSpace, n_trials: int, n_workers: int, crashes: float, seed: int = 0) -> History:
    strategy = make(space, np.random.default_rng(seed))
    backend = _Landscape(space, crashes=crashes)
    return Simulation(strategy, backend, space, budget=Budget(trials=n_trials), n_workers=n_workers).run()


def _same(a: History, b: History) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True) for name in History._fields)


def _other_seed_differs(make: Maker, space: SearchSpace, n_trials: int) -> None:
    runs = [_search(make, space, n_trials, 1, 0.0, seed).arch for seed in range(3)]
    deterministic = getattr(make(space, np.random.default_rng(0)), "deterministic", False)
    assert deterministic or not all((run == runs[0]).all() for run in runs), "the seed changes nothing"


def _leaves_global_randomness_alone(make: Maker, space: SearchSpace) -> None:
    state = np.random.get_state()  # noqa: NPY002 (reads the global state to see that nobody uses it)
    _search(make, space, 10, 1, 0.0)
    after = np.random.get_state()  # noqa: NPY002
    same = all(np.array_equal(a, b) for a, b in zip(state, after, strict=True))
    assert same, "the strategy draws from numpy's global generator"


def _any_order(make: Maker, space: SearchSpace) -> None:
    """Ask for odd numbers, answer last first and in pieces."""
    strategy = make(space, np.random.default_rng(1))
    backend, rng = _Landscape(space), np.random.default_rng(2)
    open_results: list[Results] = []
    for wanted in (1, 7, 2, 30, 1, 1, 5):
        try:
            trials = strategy.ask(wanted)
        except SearchFinished:
            return
        assert len(trials.id) <= wanted, f"ask({wanted}) returned {len(trials.id)} trials"
        assert len(trials.id) or open_results, "the strategy waits though nothing is running"
        results = backend.advance(trials) if len(trials.id) else None
        if results:
            pieces = [Results(*(column[i : i + 1] for column in results)) for i in range(len(trials.id))]  # type: ignore[arg-type]
            open_results += pieces
        while len(open_results) > 3:
            strategy.tell(open_results.pop(int(rng.integers(len(open_results)))))


def _a_copy_goes_on(make: Maker, space: SearchSpace) -> None:
    """Copy a search in the middle: both go on to the same architectures."""
    strategy = make(space, np.random.default_rng(3))
    for wanted in (5, 30, 7):
        _step(strategy, space, wanted)
    twin = copy.deepcopy(strategy)
    for wanted in (3, 9, 1):
        here, there = _step(strategy, space, wanted), _step(twin, space, wanted)
        assert np.array_equal(here, there), "a copy made in the middle of a search goes on to other architectures"


def _step(strategy: Strategy, space: SearchSpace, wanted: int) -> Archs:
    """Ask, answer all of it at once, and return what was asked: nothing where the search has finished."""
    try:
        trials = strategy.ask(wanted)
    except SearchFinished:
        return np.empty((0, len(space.decisions)), dtype=np.int8)
    if len(trials.id):
        strategy.tell(_Landscape(space, crashes=0.1).advance(trials))
    return trials.arch


def _several_objectives(make: Maker, space: SearchSpace, n_trials: int) -> None:
    """Tell two objectives: a strategy may use the first alone, but must not stumble over the second."""
    strategy, backend = make(space, np.random.default_rng(0)), _Landscape(space, crashes=0.3, n_objectives=2)
    history = Simulation(strategy, backend, space, budget=Budget(trials=n_trials), n_workers=3).run()
    assert len(history.id) == n_trials, f"{len(history.id)} of {n_trials} trials with two objectives"
