"""Which tasks a claim is over: tasks come in families, and the tasks of a family are not independent."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nasbench.arrays import Floats, Ints

LEAST_TASKS = 6
"""Fewest tasks, or families, for a claim over tasks: a sign test over five has no p-value below .0625."""


@dataclass(frozen=True)
class TaskSample:
    """Tasks as a sample of the tasks that a claim is about.

    Families weigh alike, and so do the tasks of a family. From six families on, families are what is sampled; otherwise
    tasks are; with fewer than six tasks, nothing is claimed over tasks.

    Attributes:
        families: [tasks] family of each task.
    """

    families: tuple[str, ...]

    @classmethod
    def of(cls, families: Sequence[str]) -> "TaskSample":
        """Build a sample from the family of each task."""
        return cls(tuple(families))

    @property
    def n_tasks(self) -> int:
        """The number of tasks."""
        return len(self.families)

    @cached_property
    def n_families(self) -> int:
        """The number of families."""
        return len(set(self.families))

    @property
    def by_family(self) -> bool:
        """Whether families are what is sampled."""
        return self.n_families >= LEAST_TASKS

    @property
    def is_enough(self) -> bool:
        """Whether there are enough tasks for a claim over tasks."""
        return self.n_tasks >= LEAST_TASKS

    @property
    def unit(self) -> str:
        """What is sampled, in the plural; families of one task each are called tasks."""
        return "families" if self.by_family and self.n_families < self.n_tasks else "tasks"

    @cached_property
    def weights(self) -> Floats:
        """[tasks] weight of each task; they sum to 1."""
        _, family, size = np.unique(self.families, return_inverse=True, return_counts=True)
        return np.asarray(1 / (size[family] * len(size)), dtype=np.float64)

    @cached_property
    def blocks(self) -> Ints:
        """[tasks] number of the block that a task belongs to: its family, or the task itself."""
        if not self.by_family:
            return np.arange(self.n_tasks)
        return np.unique(self.families, return_inverse=True)[1]

    @cached_property
    def block_weights(self) -> Floats:
        """[blocks] weight of each block; they sum to 1."""
        return np.bincount(self.blocks, weights=self.weights).astype(np.float64)

    @property
    def n_effective(self) -> float:
        """The number of blocks of equal weight that vary as much as these."""
        return float(1 / (self.block_weights**2).sum())

    def average_blocks(self, values: Floats) -> Floats:
        """Average values [tasks, ...] over the tasks of each block, ``[blocks, ...]``."""
        share = np.zeros((len(self.block_weights), self.n_tasks))
        share[self.blocks, np.arange(self.n_tasks)] = self.weights
        averaged: Floats = np.tensordot(share / self.block_weights[:, None], values, axes=1)
        return averaged

    def resample(self, n: int, rng: np.random.Generator) -> Ints:
        """Return how often each task is drawn in ``n`` resamples of the blocks, ``[n, tasks]``."""
        n_blocks = len(self.block_weights)
        return rng.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), size=n)[:, self.blocks]

    def select(self, tasks: Sequence[int]) -> "TaskSample":
        """Return the sample of some of the tasks, by position."""
        return TaskSample(tuple(self.families[i] for i in tasks))

    def describe(self) -> str:
        """Return such as ``12 tasks of 2 families``."""
        tasks = "1 task" if self.n_tasks == 1 else f"{self.n_tasks} tasks"
        families = "1 family" if self.n_families == 1 else f"{self.n_families} families"
        return tasks if self.n_tasks == self.n_families else f"{tasks} of {families}"
