"""The two messages between a strategy and whoever trains: a request and its answer.

Neither can be changed by who receives or sends it: a simulation copies what it is asked, so that a strategy may fill
its arrays again, and what a strategy is told is read-only for good (``nasbench.arrays.freeze``).

A strategy sees ``Results`` only. They hold validation scores, so the test split is out of its reach
by type. A trial that is not asked again has stopped; a known id asked at a later epoch is resumed.
"""

import struct
from typing import NamedTuple, Protocol

import numpy as np

from nasbench.arrays import Archs, Floats, Ints, freeze
from nasbench.spaces import SearchSpace

FULL_TRAINING = -1
"""The epoch that means "to the end of the recipe"."""

# Slices of prepared arrays: making a new one would cost more than the look-up it asks for.
_ENDS = freeze(np.full(1024, FULL_TRAINING, dtype=np.int64))
_IDS = freeze(np.arange(1 << 14))
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
    defaults. A class attribute ``presets`` (optional) maps names to options that other publications or
    implementations use under the same name. An attribute ``n_decided`` (optional) says how many of the
    next trials are decided whatever results come in: they may be asked in one go, which is faster and
    changes nothing.

    A strategy that learns from other tasks has a static method ``sources(task, options)``, which returns the names of
    those, or of folders of records, that a search of ``task`` reads: a comparison records what they are. If it
    takes an option ``target``, a comparison fills in the name of the task that is searched. A strategy that trains
    partially takes an option ``epochs``, and a comparison fills in the epochs that a trial may be trained to, rising,
    the last one being a complete training; without them it may ask for complete trainings alone. A class
    attribute ``only_stops = True`` says that it is random search where there is one such epoch only: refused. A method
    ``adopt(archs, scores)`` (optional) takes over what another search trained, before the first ``ask``.
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


class Backend(Protocol):
    """Who answers a trial: a table, a surrogate or real training."""

    def advance(self, trials: Trials) -> Results:
        """Train each trial until its epoch and return one row per trial, in the order asked."""
        ...
