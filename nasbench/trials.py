"""The two messages between a strategy and a trainer: a request and its answer.

Neither can be changed by its sender or receiver. A simulation copies the trials it gets, so a strategy may reuse its
arrays, and the results that a strategy gets are permanently read-only (``nasbench.arrays.freeze_array``).

A strategy sees ``Results`` only. They hold validation scores, so the types keep the test split out of its reach. A
trial that is not asked again has stopped; a known id asked at a later epoch is resumed.
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

# Slices of prepared arrays: making a new array would cost more than the table look-up itself.
_ENDS = freeze_array(np.full(1024, FULL_TRAINING, dtype=np.int64))
_IDS = freeze_array(np.arange(1 << 14))
_FLOAT = np.dtype(np.float64)
_pack_pair = struct.Struct("dd").pack


class Trials(NamedTuple):
    """Architectures to train.

    Attributes:
        id: [n] numbers that the strategy chooses, unique in its run.
        arch: [n, d] the architectures.
        epoch: [n] train until here; ``FULL_TRAINING`` for the recipe's last epoch.
    """

    id: Ints
    arch: Archs
    epoch: Ints


class Results(NamedTuple):
    """The results of trials, in any order and possibly in parts.

    Attributes:
        id: [n] as asked.
        epoch: [n] last finished epoch.
        score: [n, objectives] scores to maximise: each metric in its own unit, negated where smaller is better; nan in
            the first column if the training run crashed, in others if missing. Most tasks have one objective.
        cost_s: [n] seconds of this answer alone.
    """

    id: Ints
    epoch: Ints
    score: Floats
    cost_s: Floats


class Recommendation(NamedTuple):
    """The architectures that a search would recommend if it were stopped.

    Attributes:
        time_s: simulated seconds from which it is valid, until the next one.
        archs: [k, d] one architecture, or a set of several.
    """

    time_s: float
    archs: Archs


def full_trainings(first_id: int, archs: Archs) -> Trials:
    """Return complete training runs of ``archs`` [n, d], numbered from ``first_id``."""
    n = len(archs)
    end = first_id + n
    ids = _IDS[first_id:end] if end <= len(_IDS) else np.arange(first_id, end)
    return Trials(ids, archs, _ENDS[:n] if n <= len(_ENDS) else np.full(n, FULL_TRAINING))


def pack_answer(score: float, cost_s: float) -> tuple[Floats, Floats]:
    """Return ``score`` [1, 1] and ``cost_s`` [1] of one trial, frozen; faster than making arrays from lists."""
    pair = _pack_pair(score, cost_s)
    return np.ndarray((1, 1), _FLOAT, pair), np.ndarray((1,), _FLOAT, pair, 8)


class Strategy(Protocol):
    """A search strategy: one file in ``strategies/``, or any class with this shape.

    The constructor takes ``(space, rng)`` and keyword options; without options, the source paper's defaults apply.
    ``Capabilities`` lists the optional features.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator) -> None: ...

    def ask(self, n: int) -> Trials:
        """Return up to ``n`` trials; fewer means that the strategy waits for results.

        Raises:
            SearchFinished: nothing is left to ask, now or later.
        """
        ...

    def tell(self, results: Results) -> None:
        """Receive results in any order, possibly fewer at a time than were asked."""
        ...


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Optional features of a strategy besides ``ask`` and ``tell``: members with these names.

    Three more are read by the registry, which treats predictors alike: the class attribute ``presets`` (names of
    options that other publications or implementations use together), the static method ``sources(task, options)``
    (names of the other tasks, or folders of records, that a search of ``task`` learns from; a comparison records what
    they are), and four options of the constructor that a comparison fills in: ``target``, beside ``sources``, with
    the name of the task that is searched; ``run``, with the number of the run; ``epochs``, with those that a trial may
    be trained to, rising, the last one being a complete training; and ``observation_noise``, with the standard
    deviation of one answer around what is reported of its architecture, 0 where there is none or it is unknown. A
    strategy that is given no ``epochs`` asks for complete training runs only.

    A comparison reads one more attribute or property when a run has ended: ``usage``, a dictionary from a name, such as
    ``tokens``, to the total that the strategy used of it. No result depends on it.

    Attributes:
        n_prefetchable: attribute or property: number of next trials that do not depend on further results. They may be
            asked at once, which is faster and changes nothing. Here a function that reads it.
        requires_fidelities: class attribute: True if a strategy only stops training runs early, so that tasks with
            complete training runs only are an error.
        deterministic: attribute: True if a strategy draws no random numbers.
        warm_start: method ``warm_start(archs, scores)``: takes over distinct architectures [m, d] that another search
            trained, and their scores [m], nan for a crash, before the first ``ask``. In a campaign, more may follow
            between two calls of ``ask``: none of them is a trial of this search.
        recommend: method ``recommend() -> [k, d]``: the architectures, at least one, that the search would recommend
            if it were stopped now. It is called after every ``tell``, and its time counts as the strategy's. Without
            it, the default of ``nasbench.recommending`` applies.
    """

    n_prefetchable: Callable[[], float] | None = None
    requires_fidelities: bool = False
    deterministic: bool = False
    warm_start: Callable[[Archs, Floats], None] | None = None
    recommend: Callable[[], Archs] | None = None


def capabilities_of(strategy: Any) -> Capabilities:
    """Return the capabilities of a strategy or of its class; methods of a class only show that they exist."""
    return Capabilities(
        partial(getattr, strategy, "n_prefetchable") if hasattr(strategy, "n_prefetchable") else None,
        bool(getattr(strategy, "requires_fidelities", False)),
        bool(getattr(strategy, "deterministic", False)),
        getattr(strategy, "warm_start", None),
        getattr(strategy, "recommend", None),
    )


class Backend(Protocol):
    """A source of results for trials: a table, a surrogate or real training."""

    def advance(self, trials: Trials) -> Results:
        """Train each trial to its epoch and return one row per trial, in the order asked."""
        ...
