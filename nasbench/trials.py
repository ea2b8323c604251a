"""The two messages between a strategy and whoever trains: a request and its answer.

Neither can be changed by who receives or sends it: a simulation copies what it is asked, so that a strategy may fill
its arrays again, and what a strategy is told is read-only for good (``nasbench.arrays.freeze``).

A strategy sees ``Results`` only. They hold validation scores, so the test split is out of its reach
by type. A trial that is not asked again has stopped; a known id asked at a later epoch is resumed.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from nasbench.arrays import Archs, Floats, Ints, freeze_array
from nasbench.spaces import SearchSpace

FULL_TRAINING = -1
"""The epoch that means "to the end of the recipe"."""

# Slices of prepared arrays: making a new one would cost more than the look-up it asks for.
_ENDS = freeze_array(np.full(1024, FULL_TRAINING, dtype=np.int64))
_IDS = freeze_array(np.arange(1 << 14))
_FLOAT = np.dtype(np.float64)
_pack_pair = struct.Struct("dd").pack


class Trials(NamedTuple):
    """Architectures to train.

    Attributes:
        id: [n] chosen by the strategy, unique in its run.
        arch: [n, d] the architectures.
        epoch: [n] train until here; ``FULL_TRAINING`` for the recipe's last epoch.
    """

    id: Ints
    arch: Archs
    epoch: Ints


class Results(NamedTuple):
    """What training them showed, in any order and possibly in pieces.

    Attributes:
        id: [n] as asked.
        epoch: [n] last finished epoch.
        score: [n, objectives] what the strategy maximises: each metric in its own unit, negated where small is good;
            nan where the training crashed, further ones where missing. Most tasks have one objective.
        cost_s: [n] seconds of this answer alone.
    """

    id: Ints
    epoch: Ints
    score: Floats
    cost_s: Floats


class Recommendation(NamedTuple):
    """What a search would hand over if it were stopped.

    Attributes:
        time_s: simulated seconds from which on it holds, until the next one.
        archs: [k, d] one architecture, or several: a set.
    """

    time_s: float
    archs: Archs


def full_trainings(first_id: int, archs: Archs) -> Trials:
    """Ask for complete trainings of ``archs`` [n, d], numbered from ``first_id``."""
    n = len(archs)
    end = first_id + n
    ids = _IDS[first_id:end] if end <= len(_IDS) else np.arange(first_id, end)
    return Trials(ids, archs, _ENDS[:n] if n <= len(_ENDS) else np.full(n, FULL_TRAINING))


def pack_answer(score: float, cost_s: float) -> tuple[Floats, Floats]:
    """Return ``score`` [1, 1] and ``cost_s`` [1] of one trial, frozen: in less time than arrays of lists take."""
    pair = _pack_pair(score, cost_s)
    return np.ndarray((1, 1), _FLOAT, pair), np.ndarray((1,), _FLOAT, pair, 8)


class Strategy(Protocol):
    """A search strategy: one file in ``strategies/``, or any class with this shape.

    The constructor takes ``(space, rng)`` and keyword options; no option means the source paper's
    defaults. Whatever else a strategy may offer is optional: ``Capabilities`` lists all of it.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator) -> None: ...

    def ask(self, n: int) -> Trials:
        """Return up to ``n`` trials; fewer means "waiting for results".

        Raises:
            SearchFinished: nothing is left to ask, now or later.
        """
        ...

    def tell(self, results: Results) -> None:
        """Take results in any order, possibly fewer at a time than were asked."""
        ...


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a strategy may offer besides ``ask`` and ``tell``, by members of these names.

    Three more are read by the registry, which treats predictors alike: the class attribute ``presets`` (names of
    options that other publications or implementations use together), the static method ``sources(task, options)``
    (names of the other tasks, or folders of records, that a search of ``task`` learns from; a comparison records what
    they are), and three options of the constructor that a comparison fills in: ``target``, beside ``sources``, with
    the name of the task that is searched; ``epochs``, with those that a trial may be trained to, rising, the last one
    being a complete training; and ``observation_noise``, with the standard deviation of one answer around what is
    reported of its architecture, 0 where there is none or it is unknown. A strategy that is given no ``epochs`` asks
    for complete training runs only.

    Attributes:
        n_prefetchable: attribute or property: how many of the next trials are decided whatever results come in. They
            may be asked in one go, which is faster and changes nothing. Here a function that reads it.
        requires_fidelities: class attribute: True where a strategy does nothing but stop trainings early, so that a
            task of complete trainings alone is refused.
        deterministic: attribute: True where a strategy draws no random numbers.
        warm_start: method ``warm_start(archs, scores)``: takes over distinct architectures [m, d] that another search
            trained, and their scores [m], nan for a crash, before the first ``ask``.
        recommend: method ``recommend() -> [k, d]``: the architectures, at least one, that the search would hand over
            if it were stopped now. It is called after every ``tell``, and its time counts as the strategy's. Without
            it, ``nasbench.recommending`` says what a search hands over.
    """

    n_prefetchable: Callable[[], float] | None = None
    requires_fidelities: bool = False
    deterministic: bool = False
    warm_start: Callable[[Archs, Floats], None] | None = None
    recommend: Callable[[], Archs] | None = None


def capabilities_of(strategy: Any) -> Capabilities:
    """Return what a strategy, or the class of one, offers; methods of a class only show that there are any."""
    return Capabilities(
        partial(getattr, strategy, "n_prefetchable") if hasattr(strategy, "n_prefetchable") else None,
        bool(getattr(strategy, "requires_fidelities", False)),
        bool(getattr(strategy, "deterministic", False)),
        getattr(strategy, "warm_start", None),
        getattr(strategy, "recommend", None),
    )


class Backend(Protocol):
    """Who answers a trial: a table, a surrogate or real training."""

    def advance(self, trials: Trials) -> Results:
        """Train each trial until its epoch and return one row per trial, in the order asked."""
        ...
