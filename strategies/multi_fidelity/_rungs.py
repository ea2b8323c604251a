"""The rungs of successive halving: their epochs, how many trials each takes, and which trials are among the best.

Sources: Jamieson & Talwalkar 2016 (arXiv 1502.07943), Li et al. 2018, "Hyperband" (arXiv 1603.06560, Algorithm 1), Li
et al. 2020, "A System for Massively Parallel Hyperparameter Tuning" (arXiv 1810.05934, Algorithms 1 and 2).
"""

import heapq
import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from nasbench.errors import InvalidOption
from nasbench.options import Count, Within
from nasbench.strategies._bookkeeping import check_at_least
from nasbench.strategies._configured import ConfiguredStrategy
from nasbench.trials import FULL_TRAINING

_ROUNDING = 1e-9  # of powers and quotients of whole numbers


@dataclass(kw_only=True, eq=False)
class RungSearch(ConfiguredStrategy):
    """A search whose trials are compared at rungs.

    Attributes:
        epochs: the task's epochs, rising; filled in by a comparison. If empty, training runs are always complete.
        eta: one in ``eta`` trials is promoted to the next rung, whose epoch is ``eta`` times as large; at least 2.
        min_epoch: lowest epoch of a rung.
        max_epoch: the last rung; None for the task's last epoch.

    Raises:
        InvalidOption: ``max_epoch`` below ``min_epoch``.
    """

    epochs: Sequence[int] = ()
    eta: Annotated[float, Within(2)] = 3
    min_epoch: Count = 1
    max_epoch: Count | None = None

    def _make_ladder(self, epochs: Sequence[int]) -> "Ladder":
        return Ladder(epochs, eta=self.eta, min_epoch=self.min_epoch, max_epoch=self.max_epoch)


class Ladder:
    """The epochs at which trials are compared, for a task that answers some epochs only.

    Levels that a task does not answer are lowered to an epoch that it answers; equal ones are one rung. Where the
    task's epochs are not known, there is one rung, of complete training runs.

    Args:
        epochs: epochs that a task answers, rising; empty where only complete training runs are possible.
        eta: ratio of two levels, and of the trials that reach them.
        min_epoch: lowest level.
        max_epoch: highest level; None for the task's last epoch.

    Raises:
        InvalidOption: a ratio below 2, or a highest level below the lowest.
    """

    def __init__(self, epochs: Sequence[int], *, eta: float, min_epoch: int, max_epoch: int | None) -> None:
        check_at_least(2, eta=eta)
        check_at_least(1, min_epoch=min_epoch)
        last = epochs[-1] if epochs else 1
        self.eta, self._epochs = eta, tuple(epochs) or (FULL_TRAINING,)
        self._high = last if max_epoch is None else max_epoch
        self._low = min(min_epoch, self._high) if max_epoch is None else min_epoch
        if self._high < self._low:
            raise InvalidOption(f"max_epoch={self._high} is below min_epoch={self._low}; expected at least min_epoch")

    @property
    def n_halvings(self) -> int:
        """Number of times that the highest level can be divided by the ratio without falling below the lowest."""
        return int(math.log(self._high / self._low) / math.log(self.eta) + _ROUNDING)

    def upwards(self) -> tuple[int, ...]:
        """Return the rungs that grow from the lowest level, and the highest level; rising."""
        grown = [self._low * self.eta**k for k in range(self.n_halvings + 1)]
        return self._lower_to_answered([*grown, self._high])

    def downwards(self) -> tuple[int, ...]:
        """Return the rungs that shrink from the highest level down to the lowest; rising."""
        return self._lower_to_answered([self._high * self.eta**-k for k in range(self.n_halvings, -1, -1)])

    def _lower_to_answered(self, levels: Sequence[float]) -> tuple[int, ...]:
        rungs = (self._lower(int(level + _ROUNDING)) for level in levels)
        return tuple(dict.fromkeys(rungs))

    def _lower(self, level: int) -> int:
        reached = [epoch for epoch in self._epochs if epoch <= level]
        return reached[-1] if reached else self._epochs[0]


def compute_halved_sizes(n: int, n_rungs: int, eta: float) -> list[int]:
    """Return the number of ``n`` trials that reach each of ``n_rungs`` rungs, at least one each."""
    return [max(int(n * eta**-i + _ROUNDING), 1) for i in range(n_rungs)]


def compute_hyperband_sizes(n_rungs: int, eta: float, *, rounding: str = "up") -> list[list[int]]:
    """Return the sizes of the rungs of each bracket of Hyperband, the one with the most rungs first.

    Args:
        n_rungs: number of rungs of that bracket.
        eta: ratio of two rungs.
        rounding: ``up`` as in the paper; ``down`` first rounds the number of brackets over that of rungs down, as
            hpbandster does.
    """
    brackets = []
    for s in range(n_rungs - 1, -1, -1):
        share = n_rungs / (s + 1)
        n = math.ceil((share if rounding == "up" else math.floor(share)) * eta**s - _ROUNDING)
        brackets.append(compute_halved_sizes(n, s + 1, eta))
    return brackets


class Rung:
    """The scores at one rung, kept in order: adding, promoting and comparing take a look-up, not a sort.

    Of equal scores the first is the better one. Crashed trials, at ``-inf``, count and are never promoted.
    """

    def __init__(self) -> None:
        self._ranked: list[tuple[float, ...]] = []  # (-score, place in the order of arrival)
        self._waiting: list[tuple[float, int, int]] = []  # a heap of trials to promote: the same key and the trial

    def __len__(self) -> int:
        """Return the number of trials that have reached the rung."""
        return len(self._ranked)

    def add(self, trial: int, score: float) -> None:
        """Add a trial that has reached the rung."""
        key = (-score, len(self._ranked))
        insort(self._ranked, key)
        if score > -math.inf:
            heapq.heappush(self._waiting, (*key, trial))

    def promote(self, eta: float) -> int | None:
        """Promote and return the best trial not promoted yet, if it is among the best ``1 / eta``; else None."""
        if not self._waiting:
            return None
        score, place, trial = self._waiting[0]
        if bisect_left(self._ranked, (score, place)) >= int(len(self._ranked) / eta + _ROUNDING):
            return None
        heapq.heappop(self._waiting)
        return trial

    def holds(self, score: float, eta: float) -> bool:
        """Return whether a score is among the best ``1 / eta`` of the rung, or the best where that rounds to none."""
        n_better = bisect_left(self._ranked, (-score,))
        return n_better < max(int(len(self._ranked) / eta + _ROUNDING), 1)
