"""Genetic algorithm: tournaments, uniform crossover, mutation and elitism, one generation at a time.

Source: Sun, Xue, Zhang, Yen & Lv 2020, "Automatically Designing CNN Architectures Using the Genetic Algorithm for Image
Classification" (arXiv 1808.03818), CNN-GA: population 20, crossover with probability 0.9, mutation with probability
0.2, parents by binary tournament. Binary tournaments among parents and children select the next population, and the
best is always kept.

Differences: crossover is that of the space (uniform over decisions; theirs cuts chains of variable length at one point)
and gives one child; a mutation is one edit of the space. CNN-GA looks up the fitness of a child that it trained before.
Here such a child is mutated until it is new, up to ten times, and only then trained again. With several workers a
generation waits for its last training run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.draws import draw_integers
from nasbench.options import FromTwo, Probability
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import mutate_until_new
from nasbench.strategies._rounds import RoundSearch


@dataclass(kw_only=True, eq=False)
class GeneticAlgorithm(RoundSearch):
    """Generations by tournament, crossover and mutation.

    Attributes:
        population_size: architectures of a generation.
        crossover: probability that a child has two parents.
        mutation: probability that a child is mutated.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "cnn_ga": {"population_size": 20, "crossover": 0.9, "mutation": 0.2},
    }

    population_size: FromTwo = 20
    crossover: Probability = 0.9
    mutation: Probability = 0.2

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without members."""
        super().__post_init__(space, rng)
        self._members, self._fitness = self._rounds.archs, self._rounds.scores
        self._known: set[bytes] = set()

    def _begin_round(self) -> Archs:
        if not len(self._rounds.archs):
            children = self._space.sample(self.population_size, self._rng)
        else:
            self._survive()
            children = self._make_children()
        return mutate_until_new(self._space, self._rng, children, self._known)

    def _survive(self) -> None:
        archs = np.concatenate([self._members, self._rounds.archs])
        fitness = np.concatenate([self._fitness, self._rounds.scores])
        kept = np.append(np.argmax(fitness), self._select_winners(fitness)[1:])
        self._members, self._fitness = archs[kept], fitness[kept]

    def _make_children(self) -> Archs:
        a, b = (self._members[self._select_winners(self._fitness)] for _ in range(2))
        crossed, mutated = self._rng.random((2, self.population_size)) < [[self.crossover], [self.mutation]]
        children = np.where(crossed[:, None], self._space.crossover(a, b, self._rng), a)
        children[mutated] = self._space.mutate(children[mutated], self._rng)
        return children

    def _select_winners(self, fitness: Floats) -> Ints:
        """Hold a binary tournament for each member of the next population; ``[population_size]`` positions."""
        a, b = draw_integers(self._rng, len(fitness), (2, self.population_size))
        return np.asarray(np.where(fitness[a] >= fitness[b], a, b))
