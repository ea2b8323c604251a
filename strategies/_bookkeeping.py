"""Bookkeeping of pending trials, shared by many strategies.

``Ledger`` is for strategies that learn from every answer at once, ``Rounds`` and ``InRounds`` for those that choose a
whole generation when the last one is complete. Both read the first objective only, and a crashed training run as
``-inf``: worse than any that finished.
"""

import math
from collections.abc import Callable, Container

import numpy as np

from nasbench.arrays import Archs, Floats, freeze_array
from nasbench.errors import InvalidOption, SearchFinished
from nasbench.spaces import SearchSpace
from nasbench.trials import Results, Trials, full_trainings

_TRIES = 1000  # draws without a new architecture before the space counts as exhausted


class Ledger:
    """Numbers trials and finds the architecture of each answer.

    Attributes:
        n_asked: number of trials so far.
    """

    def __init__(self) -> None:
        self.n_asked = 0
        self._open: dict[int, Archs] = {}

    def ask(self, archs: Archs) -> Trials:
        """Return trials of ``archs`` [n, d]."""
        archs = freeze_array(archs)  # the simulation then needs no copy of its own
        trials = full_trainings(self.n_asked, archs)
        for arch in archs:
            self._open[self.n_asked] = arch
            self.n_asked += 1
        return trials

    def tell(self, results: Results) -> list[tuple[int, Archs, float]]:
        """Return the id, architecture [d] and score of each answer; ``-inf`` for a crash."""
        taken = self._open.pop
        answers = zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True)
        return [(trial, taken(trial), -math.inf if math.isnan(score) else score) for trial, score in answers]


class Rounds:
    """Asks for architectures one round at a time; the next begins when every answer of the last has arrived.

    Args:
        begin: returns the architectures ``[m, d]`` of the next round, at least one.
        space: where the architectures are from.

    Attributes:
        archs: [m, d] architectures of the round.
        scores: [m] their scores, ``-inf`` for a crash.
    """

    def __init__(self, begin: Callable[[], Archs], space: SearchSpace) -> None:
        self._begin = begin
        self.archs: Archs = space.no_archs
        self.scores: Floats = np.empty(0)
        self._first = self._next = self._n_told = 0  # id of the round's first trial, then counts within the round

    @property
    def n_left(self) -> int:
        """Number of architectures of the round that are left to ask."""
        return len(self.archs) - self._next

    def ask(self, n: int) -> Trials:
        """Return up to ``n`` architectures of the round; none while its last ones are running."""
        if self._n_told == len(self.archs):
            archs = freeze_array(self._begin())  # asked slice by slice; frozen slices need no copies
            self._first += len(self.archs)
            self.archs, self.scores = archs, np.full(len(archs), -np.inf)
            self._next = self._n_told = 0
        first = self._next
        self._next = min(first + n, len(self.archs))
        return full_trainings(self._first + first, self.archs[first : self._next])

    def tell(self, results: Results) -> None:
        """Store the scores at their positions in the round."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            if not math.isnan(score):
                self.scores[trial - self._first] = score
        self._n_told += len(results.id)


class InRounds:
    """Mixin of strategies that ask by ``Rounds``. Sub-classes set ``_rounds``."""

    _rounds: Rounds

    @property
    def n_prefetchable(self) -> int:
        """Number of architectures of the round that are left to ask."""
        return self._rounds.n_left

    def ask(self, n: int) -> Trials:
        """Return up to ``n`` architectures of the round; none while its last ones are running.

        Raises:
            SearchFinished: no architecture is left for another round.
        """
        return self._rounds.ask(n)

    def tell(self, results: Results) -> None:
        """Store the scores."""
        self._rounds.tell(results)


def sample_new(space: SearchSpace, rng: np.random.Generator, n: int, known: Container[bytes]) -> Archs:
    """Draw up to ``n`` distinct architectures that are not ``known``; ``[m, d]``, m > 0.

    Raises:
        SearchFinished: a thousand draws gave nothing new.
    """
    found: dict[bytes, Archs] = {}
    for _ in range(_TRIES):
        rows = space.sample(n - len(found), rng)
        found |= {row.tobytes(): row for row in rows if row.tobytes() not in known}
        if len(found) == n:
            break
    if not found:
        raise SearchFinished(f"{_TRIES} draws gave no new architecture")
    return np.stack(list(found.values()))


def mutate_until_new(
    space: SearchSpace, rng: np.random.Generator, archs: Archs, known: set[bytes], *, tries: int = 10
) -> Archs:
    """Mutate those of ``archs`` [n, d] that are ``known`` until they are new, and add all to ``known``; ``[n, d]``.

    An architecture that is still known after ``tries`` mutations in a row keeps the last of them.
    """
    distinct = archs.copy()
    for i in range(len(archs)):
        row = archs[i : i + 1]
        key = row.tobytes()
        if key in known:
            for _ in range(tries):
                row = space.mutate(row, rng)
                key = row.tobytes()
                if key not in known:
                    break
            distinct[i] = row
        known.add(key)
    return distinct


def check_at_least(minimum: float, **options: float) -> None:
    """Raise an error for options below ``minimum``, or that are not numbers.

    Raises:
        InvalidOption: the message names the first such option.
    """
    for name, value in options.items():
        if not (_is_number(value) and value >= minimum):
            raise InvalidOption(f"{name}={value}; expected at least {minimum:g}")


def check_within(low: float, high: float, **options: float) -> None:
    """Raise an error for options outside ``[low, high]``, or that are not numbers.

    Raises:
        InvalidOption: the message names the first such option.
    """
    for name, value in options.items():
        if not (_is_number(value) and low <= value <= high):
            raise InvalidOption(f"{name}={value}; expected a number from {low:g} to {high:g}")


def check_below_one(**options: float) -> None:
    """Raise an error for options outside ``[0, 1)``, or that are not numbers.

    Raises:
        InvalidOption: the message names the first such option.
    """
    for name, value in options.items():
        if not (_is_number(value) and 0 <= value < 1):
            raise InvalidOption(f"{name}={value}; expected at least 0 and below 1")


def check_positive(**options: float) -> None:
    """Raise an error for options that are not positive finite numbers.

    Raises:
        InvalidOption: the message names the first such option.
    """
    for name, value in options.items():
        if not (_is_number(value) and 0 < value < math.inf):
            raise InvalidOption(f"{name}={value}; expected a positive number")


def _is_number(value: object) -> bool:
    """Return whether an option is a number: ``gamma=nan`` in a label is read as text."""
    return isinstance(value, int | float | np.number)
