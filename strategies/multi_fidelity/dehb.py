"""DEHB: Hyperband whose rungs are generations of differential evolution.

Source: Awad, Mallik & Hutter 2021, "DEHB: Evolutionary Hyperband for Scalable, Robust and Efficient Hyperparameter
Optimization" (arXiv 2105.09821), with its settings: rand/1/bin, F = 0.5, crossover rate 0.5, ``eta`` 3, brackets as
large as those of hpbandster. The epoch of each rung has a population, as large as the largest rung of any bracket at
that epoch. In the first round of brackets the best of a rung are trained further, as in successive halving. After that
nothing is promoted. On a bracket's first rung the population evolves by itself. On a higher rung the mutants come from
the best individuals at the epoch below, as many as the rung takes, and are crossed with the targets of the rung's own
population. A trial that is at least as good replaces its target.

Differences: a promoted training run is resumed, where the original starts it again. An individual that was never
trained is first trained as it is, before it becomes a target. Where there are fewer than three parents below,
individuals of all epochs join them, as in the original. A vector that is not a valid architecture is rebuilt up to
twenty times, and then replaced by a mutation of its target. Workers do not wait at the end of a rung: the next bracket
begins. On a task of complete training runs only there is one population, of 20: that is ``differential_evolution``.
"""

from dataclasses import dataclass, field

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.draws import draw_permutation
from nasbench.options import NotNegative, Probability
from nasbench.spaces import SearchSpace
from nasbench.strategies._unit_cube import cross_over, encode, make_mutants
from nasbench.strategies.multi_fidelity._brackets import Bracket, BracketSearch
from nasbench.strategies.multi_fidelity._rungs import compute_hyperband_sizes

_TRIES = 20
_PARENTS = 3  # for each mutant
_ALONE = 20  # individuals where there is one population


@dataclass(slots=True)
class _Population:
    """Individuals at an epoch: vectors [n, d], fitness [n], and a counter that selects the next target."""

    vectors: Floats
    fitness: Floats
    turn: int = 0

    def pick_target(self) -> int:
        """Return the position of the next target."""
        self.turn += 1
        return (self.turn - 1) % len(self.fitness)

    def select_best(self, n: int) -> Floats:
        """Return the vectors of the best ``n`` that were trained."""
        order = np.argsort(-self.fitness, kind="stable")[:n]
        return self.vectors[order[np.isfinite(self.fitness[order])]]


class _Generations(Bracket):
    """A bracket in which every rung takes new architectures."""

    def _begin(self, best: list[int]) -> None:
        self.n_new = self.size if best else 0


@dataclass(kw_only=True, eq=False)
class DEHB(BracketSearch):
    """Hyperband with evolution.

    Attributes:
        mutation_factor: F, weight of the difference.
        crossover: probability that a coordinate comes from the mutant.
    """

    mutation_factor: NotNegative = 0.5
    crossover: Probability = 0.5
    overlap: bool = field(default=True, init=False)

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Draw a population for each rung."""
        super().__post_init__(space, rng)
        self._rungs = self._make_ladder(self.epochs).downwards()
        self._sizes = compute_hyperband_sizes(len(self._rungs), self.eta, rounding="down")
        self._populations = {epoch: self._draw_population(i) for i, epoch in enumerate(self._rungs)}
        self._of: dict[int, tuple[Floats, int]] = {}  # vector and target of each trial

    def _draw_population(self, rung: int) -> _Population:
        """Return random individuals, as many as the largest rung of any bracket at that epoch."""
        n = max(sizes[rung - len(self._rungs)] for sizes in self._sizes if len(sizes) >= len(self._rungs) - rung)
        n = max(n, _PARENTS) if len(self._rungs) > 1 else _ALONE
        vectors = encode(self._space.sample(n, self._rng), self._space, self._rng)
        return _Population(vectors, np.full(n, -np.inf))

    def _make_bracket(self, number: int) -> Bracket:
        sizes = self._sizes[number % len(self._sizes)]
        kind = Bracket if number < len(self._sizes) else _Generations
        return kind(sizes, self._rungs[-len(sizes) :])

    def _draw(self, trials: range, bracket: Bracket) -> Archs:
        self._of |= {trial: self._make_individual(bracket) for trial in trials}
        return self._space.place(np.array([self._of[trial][0] for trial in trials]))

    def _make_individual(self, bracket: Bracket) -> tuple[Floats, int]:
        """Return a vector to train for a bracket's rung, and the position of its target in the population there."""
        population = self._populations[bracket.epoch]
        place = population.pick_target()
        target = population.vectors[place]
        if population.fitness[place] == -np.inf and bracket.on_first_rung:
            return target, place
        parents = self._select_parents(bracket)
        three = parents[self._rng.random((_TRIES, len(parents))).argsort(axis=1)[:, :_PARENTS]]
        made = cross_over(make_mutants(three, self.mutation_factor, self._rng), target[None], self.crossover, self._rng)
        valid = np.flatnonzero(self._space.is_valid(self._space.place(made)))
        if len(valid):
            return np.asarray(made[valid[0]]), place
        neighbour = self._space.mutate(self._space.place(target[None]), self._rng)
        return np.asarray(encode(neighbour, self._space, self._rng)[0]), place

    def _select_parents(self, bracket: Bracket) -> Floats:
        """Return the parents of mutants: on the first rung the population there, else the best at the rung below."""
        if bracket.on_first_rung:
            parents = self._populations[bracket.epoch].vectors
        else:
            below = self._rungs[self._rungs.index(bracket.epoch) - 1]
            parents = self._populations[below].select_best(bracket.size)
        if len(parents) < _PARENTS:
            everyone = np.concatenate([population.vectors for population in self._populations.values()])
            others = everyone[draw_permutation(self._rng, len(everyone))[: _PARENTS - len(parents)]]
            parents = np.concatenate([parents, others])
        return parents

    def _learn(self, trial: int, arch: Archs, epoch: int, score: float) -> None:
        del arch
        vector, place = self._of[trial]
        population = self._populations[epoch]
        if score > -np.inf and score >= population.fitness[place]:
            population.vectors[place], population.fitness[place] = vector, score

    def _note_promotion(self, trial: int, bracket: Bracket) -> None:
        self._of[trial] = self._of[trial][0], self._populations[bracket.epoch].pick_target()
