"""Genetic CNN (GeNet): roulette selection, crossover of stages, mutation of bits, no elitism.

Source: Xie & Yuille 2017, "Genetic CNN" (arXiv 1703.01513): 20 individuals; each generation is drawn from the
last by roulette over fitness minus the lowest fitness, so that the worst never survives; neighbours in it
cross with chance 0.2, exchanging each stage with chance 0.2; those that did not cross mutate with chance 0.8,
each bit flipping with chance 0.05. An individual that comes again is trained again.

Differences: a decision is a stage for crossover, and stands for the ceil(log2 k) bits of its k choices: it
changes, to any other choice, with the chance 1 - 0.95 ** bits that one of them would flip. Offspring that are
no valid architecture are drawn again, ten times at most; then they stay as they were. The original averages
the fitness of an individual over its trainings; here the last one counts.

Measured over 40 runs of 400 trainings on four embedded tasks (noisy single-seed scores): it does not beat
random search (p from 0.03 to 1); many of its trainings repeat an individual, and nothing keeps the best.
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
        mutation: chance that an individual mutates.
        bit_mutation: chance that one of its bits then flips.
        crossover: chance that two neighbours cross.
        stage_crossover: chance that they then exchange a stage.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"xie2017": {"population_size": 20}}

    population_size: FromTwo = 20
    mutation: Probability = 0.8
    bit_mutation: Probability = 0.05
    crossover: Probability = 0.2
    stage_crossover: Probability = 0.2

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Compute how likely each decision changes."""
        super().__post_init__(space, rng)
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
        """Let pairs of neighbours exchange decisions where ``crossed`` [n] says so."""
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
