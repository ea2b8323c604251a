"""Which runs of a comparison are finished, and which of them can be compared fairly if some are missing.

A record that was interrupted holds all runs of some pairs of task and strategy, some runs of others, and none of the
rest. Ranks and tests need every ranked strategy on every ranked task in the same runs. Therefore they are computed on
the largest complete block: of all blocks of k strategies, m tasks and r runs in which no run is missing, the one with
the most comparisons of two strategies, ``k (k - 1) / 2 * m * r``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import combinations
from operator import and_
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nasbench.arrays import Bools, Ints
from nasbench.errors import RecordError

_MOST_STRATEGIES = 10  # of which all groups are tried
_MOST_SETS = 200  # of runs that several tasks share


class Block(NamedTuple):
    """Runs that can be compared: positions of the strategies and tasks, and numbers of the runs, all increasing."""

    strategies: Ints
    tasks: Ints
    runs: Ints


@dataclass(frozen=True)
class Progress:
    """The finished runs of a record.

    Attributes:
        tasks, strategies: names, in the order of the record.
        done: [tasks, strategies, runs] whether the record holds the run; failed runs are finished, too.
    """

    tasks: list[str]
    strategies: list[str]
    done: Bools

    @classmethod
    def of_numbers(
        cls, tasks: list[str], strategies: list[str], n_runs: int, numbers: Sequence[Sequence[Ints]]
    ) -> "Progress":
        """Return the progress of a record of ``n_runs`` runs whose finished runs have these numbers, by pair."""
        done = np.zeros((len(tasks), len(strategies), n_runs), dtype=np.bool_)
        for of_task, own in zip(done, numbers, strict=True):
            for of_pair, finished in zip(of_task, own, strict=True):
                of_pair[finished] = True
        return cls(tasks, strategies, done)

    @property
    def complete(self) -> bool:
        """Whether no run is missing."""
        return bool(self.done.all())

    @cached_property
    def counts(self) -> Ints:
        """[tasks, strategies] number of finished runs."""
        return np.asarray(self.done.sum(axis=2))

    @property
    def n_runs(self) -> int:
        """Number of runs of each pair."""
        return int(self.done.shape[2])

    def require_complete(self, path: Path) -> None:
        """Refuse an unfinished record.

        Raises:
            RecordError: runs are missing.
        """
        lacking = np.argwhere(self.counts < self.n_runs)
        if len(lacking):
            task, strategy = lacking[0].tolist()
            raise RecordError(
                f"{path} holds {self.counts[task, strategy]} of {self.n_runs} runs of {self.strategies[strategy]} on "
                f"{self.tasks[task]}: run the same comparison again to finish it"
            )

    def find_block(self) -> Block:
        """Find the largest complete block; without two strategies to compare, the block with the most runs.

        All groups of up to ten strategies are tried. Of more strategies, only those with the most finished runs are
        tried together, so there may be a larger block.
        """
        n_tasks, _, n_runs = self.done.shape
        finished = [[_pack(runs) for runs in of_task] for of_task in self.done]
        best, found = (-1, -1), _make_block((), (), 0)
        for group in self._list_groups():
            k = len(group)
            if _weigh(k, n_tasks * n_runs) <= best:
                break  # the groups that follow are smaller still
            shared = [reduce(and_, (of_task[at] for at in group)) for of_task in finished]
            for runs in _list_intersections(shared):
                tasks = [at for at, own in enumerate(shared) if own & runs == runs]
                weight = _weigh(k, len(tasks) * runs.bit_count())
                if weight > best:
                    best, found = weight, _make_block(group, tasks, runs)
        return found

    def _list_groups(self) -> Iterator[tuple[int, ...]]:
        """Yield groups of strategies, the largest first, then those with the most finished runs."""
        by_runs = np.argsort(-self.counts.sum(axis=0), kind="stable").tolist()
        for k in range(len(by_runs), 0, -1):
            if len(by_runs) > _MOST_STRATEGIES:
                yield tuple(by_runs[:k])
            else:
                yield from combinations(by_runs, k)

    def describe(self, block: Block) -> list[str]:
        """Say in two sentences that the record is unfinished, and what is ranked; empty if it is complete."""
        if self.complete:
            return []
        n_tasks, n_strategies, n_runs = self.done.shape
        unbegun = [name for name, n in zip(self.strategies, self.counts.sum(axis=0).tolist(), strict=True) if not n]
        without = f"; not begun: {', '.join(unbegun)}" if unbegun else ""
        return [
            f"UNFINISHED: {int(self.done.sum()):,} of {self.done.size:,} runs are done{without}",
            f"ranks and tests compare {len(block.strategies)} of {n_strategies} strategies on {len(block.tasks)} of "
            f"{n_tasks} tasks in {len(block.runs)} of {n_runs} runs, the largest part in which no run is missing; "
            "run the same comparison again to finish it",
        ]

    def as_dict(self, block: Block) -> dict[str, Any]:
        """Return the numbers of finished runs, and what is ranked, as plain data."""
        counts = [dict(zip(self.strategies, row, strict=True)) for row in self.counts.tolist()]
        return {
            "complete": self.complete,
            "runs": self.n_runs,
            "finished": dict(zip(self.tasks, counts, strict=True)),
            "ranked": {
                "strategies": [self.strategies[i] for i in block.strategies],
                "tasks": [self.tasks[i] for i in block.tasks],
                "runs": block.runs.tolist(),
            },
        }


def _pack(runs: Bools) -> int:
    """Return a number whose bit i says whether run i is finished."""
    return sum(1 << at for at in np.flatnonzero(runs).tolist())


def _weigh(k: int, cells: int) -> tuple[int, int]:
    """Return the size of a block of ``k`` strategies in ``cells`` runs of tasks: comparisons, then runs."""
    return k * (k - 1) * cells, k * cells


def _list_intersections(shared: Sequence[int]) -> list[int]:
    """Return the sets of runs that tasks have in common, the smallest first; the largest ones where there are many.

    Args:
        shared: the runs of each task, as ``_pack`` writes them.
    """
    found: list[int] = []
    for own in dict.fromkeys(shared):
        found = list(dict.fromkeys([*found, own, *(own & other for other in found)]))
        found = sorted(found, key=int.bit_count)[-_MOST_SETS:]
    return found


def _make_block(strategies: Sequence[int], tasks: Sequence[int], runs: int) -> Block:
    numbers = [at for at in range(runs.bit_length()) if runs >> at & 1]
    return Block(*(np.array(sorted(own), dtype=np.int64) for own in (strategies, tasks, numbers)))
