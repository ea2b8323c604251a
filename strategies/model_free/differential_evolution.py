"""Differential evolution: add the difference of two members to a third, cross it with its target, keep the better.

Source: Awad, Mallik & Hutter 2020, "Differential Evolution for Neural Architecture Search" (arXiv 2012.06400), after
Storn & Price 1997: rand/1/bin with F = 0.5, crossover rate 0.5, population 20. A decision of k choices is a number in
[0, 1], cut into k equal bins; a coordinate that leaves [0, 1] is redrawn.

Differences: generations are synchronous, so several workers wait for the last training run of a generation. A trial
vector that is not a valid architecture is rebuilt up to twenty times, and then replaced by a mutation of its target
(the original gives it the worst score). The original looks up the score of a repeated architecture; here it is trained
again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.options import NotNegative, Probability, Within
from nasbench.spaces import SearchSpace
from nasbench.strategies._rounds import RoundSearch
from nasbench.strategies._unit_cube import cross_over, encode, make_mutants

_TRIES = 20


@dataclass(kw_only=True, eq=False)
class DifferentialEvolution(RoundSearch):
    """rand/1/bin on decisions as numbers.

    Attributes:
        population_size: number of targets, at least 4, since rand/1 needs three others for each.
        mutation_factor: F, weight of the difference.
        crossover: probability that a coordinate comes from the mutant.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "awad2020": {"population_size": 20, "mutation_factor": 0.5, "crossover": 0.5},
    }

    population_size: Annotated[int, Within(4)] = 20
    mutation_factor: NotNegative = 0.5
    crossover: Probability = 0.5

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without members."""
        super().__post_init__(space, rng)
        self._members: Floats = np.empty((0, len(space.decisions)))
        self._trials, self._fitness = self._members, np.full(self.population_size, -np.inf)

    def _begin_round(self) -> Archs:
        if not len(self._rounds.archs):
            archs = self._space.sample(self.population_size, self._rng)
            self._members = self._trials = self._encode(archs)
            return archs
        better = self._rounds.scores >= self._fitness
        self._members = np.where(better[:, None], self._trials, self._members)
        self._fitness = np.where(better, self._rounds.scores, self._fitness)
        return self._make_offspring()

    def _make_offspring(self) -> Archs:
        self._trials = self._build(np.arange(self.population_size))
        archs = self._decode(self._trials)
        bad = np.flatnonzero(~self._space.is_valid(archs))
        for _ in range(_TRIES):
            if not len(bad):
                return archs
            self._trials[bad] = self._build(bad)
            archs[bad] = self._decode(self._trials[bad])
            bad = bad[~self._space.is_valid(archs[bad])]
        if len(bad):
            archs[bad] = self._space.mutate(self._decode(self._members[bad]), self._rng)
            self._trials[bad] = self._encode(archs[bad])
        return archs

    def _build(self, targets: Ints) -> Floats:
        """Return a trial vector in [0, 1) for each of ``targets`` [m]; ``[m, d]``."""
        made = make_mutants(self._members[self._draw_others(targets)], self.mutation_factor, self._rng)
        return cross_over(made, self._members[targets], self.crossover, self._rng)

    def _draw_others(self, targets: Ints) -> Ints:
        """Draw three different members, none the target, for each of ``targets`` [m]; ``[m, 3]``."""
        order = self._rng.random((len(targets), self.population_size))
        order[np.arange(len(targets)), targets] = 2.0  # behind all others
        return np.argpartition(order, 2, axis=1)[:, :3]

    def _encode(self, archs: Archs) -> Floats:
        return encode(archs, self._space, self._rng)

    def _decode(self, vectors: Floats) -> Archs:
        return self._space.place(vectors)
