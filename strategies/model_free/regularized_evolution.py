"""Regularized (aging) evolution: mutate the winner of a tournament, remove the oldest.

Source: Real, Aggarwal, Huang & Le 2019, "Regularized Evolution for Image Classifier Architecture Search" (arXiv
1802.01548), Algorithm 1: population 100, sample 25 (``real2019``, the defaults). Benchmarks run other settings under
the same name, kept as presets. ``nb201`` is REA of NAS-Bench-201 and NATS-Bench (AutoDL-Projects: population 10, sample
3, mutation by node, then edge, then operation); ``nasbench101`` is that of NAS-Bench-101 (automl/nas_benchmarks: 100
and 10). All three draw the tournament with replacement. With 100 trials, the populations of 100 spend the entire budget
on the initial random population, which is a property of the published settings. ``non_aging`` is the evolution that the
paper compares with: the worst of the population is removed in place of the oldest, so the best are never lost.

Differences: with several workers, tournaments are held among the finished architectures as soon as the initial
population has been asked, as in the asynchronous original. A crashed training run never wins against a finished one.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from nasbench.arrays import Archs
from nasbench.options import Count
from nasbench.spaces import SearchSpace
from nasbench.strategies._configured import ConfiguredStrategy
from nasbench.trials import Results, Trials, full_trainings

_BLOCK = 64  # tournaments drawn ahead: a call to the generator costs as much as a hundred of its numbers


@dataclass(kw_only=True, eq=False)
class RegularizedEvolution(ConfiguredStrategy):
    """Aging evolution.

    Attributes:
        population_size: number of youngest architectures that compete.
        sample_size: competitors in a tournament, drawn with replacement.
        published_mutation: use the operator of the space's own benchmark where it has one, instead
            of the uniform choice among all architectures one edit away.
        removal: member that a newcomer replaces: the ``oldest``, or the ``worst``, newcomers included.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "real2019": {"population_size": 100, "sample_size": 25},
        "nb201": {"population_size": 10, "sample_size": 3, "published_mutation": True},
        "nasbench101": {"population_size": 100, "sample_size": 10},
        "non_aging": {"removal": "worst"},
    }

    population_size: Count = 100
    sample_size: Count = 25
    published_mutation: bool = False
    removal: Literal["oldest", "worst"] = "oldest"

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without members."""
        super().__post_init__(space, rng)
        self._mutate = space.mutate_as_published if self.published_mutation else space.mutate
        # With aging, a ring: the i-th result stands at i modulo the size, so that writing it removes the oldest.
        self._members = list(np.zeros((self.population_size, space.width), dtype=space.dtype))
        self._fitness = [0.0] * self.population_size
        self._tournaments: list[list[int]] = []  # positions of competitors, drawn ahead
        self._n_drawn_from = 0
        self._n_asked = self._n_told = 0
        self._waiting: dict[int, Archs] = {}

    @property
    def n_prefetchable(self) -> int:
        """Random architectures of the first population that are left to ask."""
        return self.population_size - self._n_asked

    def ask(self, n: int) -> Trials:
        """Return random architectures until the first population is asked, then children of tournament winners."""
        has_parents = self._n_asked >= self.population_size and self._n_told
        archs = self._make_children(n) if has_parents else self._draw_first_population(n)
        trials = full_trainings(self._n_asked, archs)
        for arch in archs:
            self._waiting[self._n_asked] = arch
            self._n_asked += 1
        return trials

    def _draw_first_population(self, n: int) -> Archs:
        n_random = min(n, max(0, self.population_size - self._n_asked))
        archs = self._draw_random(n_random)
        if n_random < n and self._n_told:
            archs = np.concatenate([archs, self._make_children(n - n_random)])
        return archs

    def _draw_random(self, n: int) -> Archs:
        return self._space.sample(n, self._rng)

    def _make_children(self, n: int) -> Archs:
        if n == 1:  # most calls; stacking one row costs as much as the tournament
            return self._mutate(self._members[self._select_winner()][None], self._rng)
        return self._mutate(np.stack([self._members[self._select_winner()] for _ in range(n)]), self._rng)

    def _select_winner(self) -> int:
        """Hold a tournament among the members and return the position of its winner."""
        n_members = min(self._n_told, self.population_size)
        if not self._tournaments or n_members != self._n_drawn_from:
            drawn = self._rng.random((_BLOCK, self.sample_size)) * n_members
            self._tournaments, self._n_drawn_from = drawn.astype(np.int64).tolist(), n_members
        return max(self._tournaments.pop(), key=self._fitness.__getitem__)

    def tell(self, results: Results) -> None:
        """Replace the oldest or the worst architecture by each finished one."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            arch, fitness = self._waiting.pop(trial), -math.inf if math.isnan(score) else score
            place = self._find_place(fitness)
            if place is not None:
                self._members[place], self._fitness[place] = arch, fitness
            self._n_told += 1

    def _find_place(self, fitness: float) -> int | None:
        """Return the position for a newcomer of this fitness; None where the newcomer itself is the worst."""
        if self.removal == "oldest" or self._n_told < self.population_size:
            return self._n_told % self.population_size
        worst = min(range(self.population_size), key=self._fitness.__getitem__)
        return worst if fitness >= self._fitness[worst] else None
