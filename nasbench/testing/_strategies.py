"""The contract of a search strategy, for any order, number and outcome of its trials."""

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.choices import options_of
from nasbench.comparison.usage import read_usage
from nasbench.errors import SearchFinished
from nasbench.simulation import Budget, History, Simulation
from nasbench.spaces import SearchSpace
from nasbench.trials import FULL_TRAINING, Results, Strategy, Trials, capabilities_of, full_trainings

Maker = Callable[[SearchSpace, np.random.Generator], Strategy]


EPOCHS = tuple(range(1, 11))
"""The epochs of the kit's landscape, for strategies that train partially."""


_PARTS = 16  # of a number's scale


class Landscape:
    """A backend with a score that any strategy can climb; some training runs crash, and all differ in length.

    Trials may end at any of ten epochs and be resumed later. The optional second objective is missing for half of the
    architectures.
    """

    def __init__(self, space: SearchSpace, *, crashes: float = 0.0, n_objectives: int = 1) -> None:
        rng = np.random.default_rng(5)
        self._space, sizes = space, np.where(space.is_number, _PARTS, space.cardinality)
        self._weights = [rng.random(int(k)) for k in sizes]
        self._crashes, self._n_objectives = crashes, n_objectives
        self._reached: dict[int, tuple[bytes, int]] = {}

    def advance(self, trials: Trials) -> Results:
        epochs = np.where(trials.epoch == FULL_TRAINING, EPOCHS[-1], trials.epoch)
        before = np.array(list(map(self._go_on, trials.id.tolist(), trials.arch, epochs.tolist())), dtype=np.int64)
        fate = _fate(trials.arch)
        scores = np.stack([self.score(trials.arch, epochs), np.where(fate < 0.5, np.nan, -fate)], axis=1)
        cost_s = (1.0 + fate) * (epochs - before) / EPOCHS[-1]
        return Results(trials.id, epochs, scores[:, : self._n_objectives], cost_s)

    def score(self, archs: Archs, epochs: Ints) -> Floats:
        """Return the first objective of architectures [n, d] after ``epochs`` [n]; ``[n]``, nan for a crash."""
        # Added one by one: a mean over an axis has other last digits for one architecture than for many.
        digits = archs
        if archs.dtype.kind == "f":  # a number counts by the part of its scale
            parts = np.minimum(self._space.measure(archs) * _PARTS, _PARTS - 1)
            digits = np.where(self._space.is_number, parts, archs).astype(np.int64)
        score = sum((weights[digits[:, i]] for i, weights in enumerate(self._weights)), np.zeros(len(archs)))
        score /= len(self._weights)
        return np.where(_fate(archs) < self._crashes, np.nan, score * (1 - 0.5 ** (1 + epochs / 2)))

    def _go_on(self, trial: int, arch: Archs, epoch: int) -> int:
        """Return the epoch from which a trial is resumed."""
        known, before = self._reached.get(trial, (arch.tobytes(), 0))
        if known != arch.tobytes():
            raise AssertionError(f"trial ids [{trial}] are used twice")
        if not (before < EPOCHS[-1]):
            raise AssertionError(f"trial ids [{trial}] are used twice")
        if not (before < epoch <= EPOCHS[-1]):
            raise AssertionError(f"trial {trial} asks for epoch {epoch} after epoch {before}")
        self._reached[trial] = arch.tobytes(), epoch
        return before


def _fate(archs: Archs) -> Floats:
    """Return a number in [0, 1) for each architecture, which decides whether it crashes; ``[n]``."""
    return np.asarray((archs.astype(np.int64).sum(axis=1) * 7919 % 100) / 100)


def check_strategy(
    make: Maker, space: SearchSpace, *, options: Mapping[str, Any] | None = None, n_trials: int = 60
) -> None:
    """Check that a strategy keeps the contract in ``space``.

    Args:
        make: ``make(space, rng)`` returns a new strategy: a class, for example.
        space: the searched space.
        options: keyword arguments of ``make``; choose options that make a search quick.
        n_trials: number of trials of each run.

    A strategy without randomness declares ``deterministic = True``. A strategy with an option ``epochs`` is checked
    without epochs and with ten.

    Raises:
        AssertionError: with what was expected and what was seen.
    """
    make = partial(cast(Any, make), **options or {})
    if "epochs" in options_of(make):
        _asks_for_complete_trainings(make, space)
        make = partial(cast(Any, make), epochs=EPOCHS)
    n_trials = int(min(n_trials, space.size))
    others = _others(space)
    for n_workers in (1, 3, 16):
        for crashes in (0.0, 0.3, 1.0):
            first, again = (_search(make, space, n_trials, n_workers, crashes) for _ in range(2))
            what = f"{n_workers} worker(s), {crashes:.0%} crashes"
            if len(first.id) != n_trials:
                raise AssertionError(f"{len(first.id)} of {n_trials} trials with {what}")
            if not space.is_valid(first.arch).all():
                raise AssertionError(f"invalid architectures with {what}")
            if not _same(first, again):
                raise AssertionError(f"the same seed gives another run with {what}")
    _other_seed_differs(make, space, n_trials)
    _leaves_global_randomness_alone(make, space)
    _any_order(make, space)
    _a_copy_goes_on(make, space)
    _several_objectives(make, space, n_trials)
    _states_its_usage(make(space, np.random.default_rng(0)))
    if not _same(others, _others(space)):
        raise AssertionError("the strategy changes what another one, run after it, finds")


def _others(space: SearchSpace) -> History:
    """Return the history of a fixed search by drawing, mutation and neighbours, on which every strategy builds."""
    rng = np.random.default_rng(6)
    archs = space.sample(4, rng)
    archs = np.concatenate(
        [archs, space.mutate(archs, rng), space.mutate(archs[:1], rng), space.neighbors(archs)[0][:8]]
    )
    epochs = np.full(len(archs), EPOCHS[-1])
    score = Landscape(space).score(archs, epochs)
    return History(np.arange(len(archs)), archs, epochs, score[:, None], score, score, np.isnan(score))


def _search(make: Maker, space: SearchSpace, n_trials: int, n_workers: int, crashes: float, seed: int = 0) -> History:
    strategy = make(space, np.random.default_rng(seed))
    backend = Landscape(space, crashes=crashes)
    history = Simulation(strategy, backend, space, budget=Budget(trials=n_trials), n_workers=n_workers).run()
    shown = backend.score(history.arch, history.epoch)
    if not np.array_equal(history.score[:, 0], shown, equal_nan=True):
        raise AssertionError("the recorded scores differ from those of the trained trials")
    return history


def _same(a: History, b: History) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True) for name in History._fields)


def _other_seed_differs(make: Maker, space: SearchSpace, n_trials: int) -> None:
    runs = [_search(make, space, n_trials, 1, 0.0, seed).arch for seed in range(3)]
    deterministic = capabilities_of(make(space, np.random.default_rng(0))).deterministic
    if not deterministic and all((run == runs[0]).all() for run in runs):
        raise AssertionError("the seed changes nothing")


def _leaves_global_randomness_alone(make: Maker, space: SearchSpace) -> None:
    state = np.random.get_state()  # noqa: NPY002 (reads the global state to check that it is unused)
    _search(make, space, 10, 1, 0.0)
    after = np.random.get_state()  # noqa: NPY002
    same = all(np.array_equal(a, b) for a, b in zip(state, after, strict=True))
    if not same:
        raise AssertionError("the strategy draws from numpy's global generator")


def _any_order(make: Maker, space: SearchSpace) -> None:
    """Ask for various numbers of trials, and answer them in random order and in pieces."""
    strategy = make(space, np.random.default_rng(1))
    backend, rng = Landscape(space), np.random.default_rng(2)
    open_results: list[Results] = []
    for wanted in (1, 7, 2, 30, 1, 1, 5):
        try:
            trials = strategy.ask(wanted)
        except SearchFinished:
            return
        if not (len(trials.id) <= wanted):
            raise AssertionError(f"ask({wanted}) returned {len(trials.id)} trials")
        if not (len(trials.id) or open_results):
            raise AssertionError("the strategy waits though nothing is running")
        results = backend.advance(trials) if len(trials.id) else None
        if results:
            pieces = [Results(*(column[i : i + 1] for column in results)) for i in range(len(trials.id))]  # type: ignore[arg-type]
            open_results += pieces
        while len(open_results) > 3:
            strategy.tell(open_results.pop(int(rng.integers(len(open_results)))))


def _a_copy_goes_on(make: Maker, space: SearchSpace) -> None:
    """Copy a search in the middle: both must continue with the same architectures."""
    strategy, backend = make(space, np.random.default_rng(3)), Landscape(space, crashes=0.1)
    for wanted in (5, 30, 7):
        _step(strategy, backend, space, wanted)
    twin, its_backend = copy.deepcopy(strategy), copy.deepcopy(backend)
    for wanted in (3, 9, 1):
        here, there = _step(strategy, backend, space, wanted), _step(twin, its_backend, space, wanted)
        same = len(here.id) == len(there.id) and all(bool(np.all(a == b)) for a, b in zip(here, there, strict=True))
        if not same:
            raise AssertionError("a copy made in the middle of a search goes on to other architectures")


def _step(strategy: Strategy, backend: Landscape, space: SearchSpace, wanted: int) -> Trials:
    """Ask, answer everything at once, and return the trials: none if the search has finished."""
    try:
        trials = strategy.ask(wanted)
    except SearchFinished:
        return full_trainings(0, space.no_archs)
    if len(trials.id):
        strategy.tell(backend.advance(trials))
    return trials


def _asks_for_complete_trainings(make: Maker, space: SearchSpace) -> None:
    """Search without the option ``epochs``: every trial must ask for complete training."""
    history = _search(make, space, int(min(12, space.size)), 3, 0.3)
    if not (history.epoch == EPOCHS[-1]).all():
        raise AssertionError("without epochs, a trial is asked to end before the last one")


def _states_its_usage(strategy: Strategy) -> None:
    usage = getattr(strategy, "usage", {})
    if not isinstance(usage, Mapping):
        raise AssertionError(f"usage is {usage!r}; expected a dictionary from names to totals")
    if strange := usage.keys() - read_usage(strategy).keys():
        raise AssertionError(
            f"usage has {sorted(map(str, strange))[0]!r}, which is not recorded; expected names of up to 40 letters, "
            "digits, spaces and _ . + -, and finite numbers"
        )


def _several_objectives(make: Maker, space: SearchSpace, n_trials: int) -> None:
    """Answer with two objectives: a strategy may ignore the second, but must accept it."""
    strategy, backend = make(space, np.random.default_rng(0)), Landscape(space, crashes=0.3, n_objectives=2)
    history = Simulation(strategy, backend, space, budget=Budget(trials=n_trials), n_workers=3).run()
    if len(history.id) != n_trials:
        raise AssertionError(f"{len(history.id)} of {n_trials} trials with two objectives")
