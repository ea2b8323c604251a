"""Genetic CNN (GeNet): roulette selection, crossover of stages, mutation of bits, no elitism.

Source: Xie & Yuille 2017, "Genetic CNN" (arXiv 1703.01513): 20 individuals. Roulette over fitness minus the lowest
fitness draws each generation from the last, so the worst never survives. Neighbours in it cross with probability 0.2,
exchanging each stage with probability 0.2. Those that did not cross mutate with probability 0.8, each bit flipping with
probability 0.05. An individual that occurs again is trained again.

Differences: for crossover, a decision is a stage. For mutation, it stands for the ceil(log2 k) bits of its k choices:
it changes, to any other choice, with the probability 1 - 0.95 ** bits that one of them would flip. Offspring that are
not valid are redrawn up to ten times, and then stay as they were. The original averages the fitness of an individual
over its training runs; here the last one counts.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Bools
from nasbench.options import FromTwo, Probability
from nasbench.spaces import SearchSpace
from nasbench.strategies._rounds import RoundSearch

_TRIES = 10


@dataclass(kw_only=True, eq=False)
class GeneticCNN(RoundSearch):
    """Roulette, crossover, mutation.

    Attributes:
        population_size: individuals of a generation.
        mutation: probability that an individual mutates.
        bit_mutation: probability that one of its bits then flips.
        crossover: probability that two neighbours cross.
        stage_crossover: probability that they then exchange a stage.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"xie2017": {"population_size": 20}}

    population_size: FromTwo = 20
    mutation: Probability = 0.8
    bit_mutation: Probability = 0.05
    crossover: Probability = 0.2
    stage_crossover: Probability = 0.2

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Compute the probability that each decision changes."""
        super().__post_init__(space, rng)
        space.require_choices("genetic_cnn")
        bits = np.array([math.ceil(math.log2(k)) for k in space.cardinality.tolist()])
        self._change = 1 - (1 - self.bit_mutation) ** bits

    def _begin_round(self) -> Archs:
        if not len(self._rounds.archs):
            return self._space.sample(self.population_size, self._rng)
        chosen = self._select()
        crossed = np.zeros(self.population_size, dtype=np.bool_)  # in an odd population, the last one has no partner
        n_pairs = self.population_size // 2
        crossed[: n_pairs * 2] = np.repeat(self._rng.random(n_pairs) < self.crossover, 2)
        mutating = ~crossed & (self._rng.random(self.population_size) < self.mutation)
        return self._mutate(self._cross(chosen, crossed), mutating)

    def _select(self) -> Archs:
        fitness = self._rounds.scores
        finished = np.isfinite(fitness)
        if not finished.any():
            return self._rounds.archs
        share = np.where(finished, fitness - fitness[finished].min(), 0.0)
        if not share.any():  # all that finished are equal
            share = finished.astype(float)
        n = self.population_size
        return self._rounds.archs[self._rng.choice(n, size=n, p=share / share.sum())]

    def _cross(self, archs: Archs, crossed: Bools) -> Archs:
        """Let pairs of neighbours exchange decisions where ``crossed`` [n] is True."""
        partner = np.minimum(np.arange(self.population_size) ^ 1, self.population_size - 1)
        half = self._rng.random(((self.population_size + 1) // 2, archs.shape[1])) < self.stage_crossover
        exchanged = crossed[:, None] & np.repeat(half, 2, axis=0)[: self.population_size]
        children = np.where(exchanged, archs[partner], archs)
        return np.where(self._space.is_valid(children)[:, None], children, archs)

    def _mutate(self, archs: Archs, mutating: Bools) -> Archs:
        archs, cardinality = archs.copy(), self._space.cardinality
        rows = np.flatnonzero(mutating)
        for _ in range(_TRIES):
            steps = 1 + (self._rng.random((len(rows), archs.shape[1])) * (cardinality - 1)).astype(np.int64)
            flips = self._rng.random(steps.shape) < self._change
            changed = np.where(flips, (archs[rows] + steps) % cardinality, archs[rows]).astype(np.int8)
            valid = self._space.is_valid(changed)
            archs[rows[valid]] = changed[valid]
            rows = rows[~valid]
            if not len(rows):
                break
        return archs
