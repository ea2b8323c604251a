"""Large-scale evolution: of two random individuals the worse dies and the better has a mutated child.

Source: Real et al. 2017, "Large-Scale Evolution of Image Classifiers" (arXiv 1703.01041): pairwise tournaments over a
population of 1,000, asynchronous workers. ``short`` is the same with a population of 20. It is ours, for budgets of a
few hundred training runs, in which a population of 1,000 never leaves its random phase and so equals random search.

Differences: the original starts from trivial individuals (a network without convolutions) and grows. A fixed space has
no such individual, so the first population is random. Mutations are the space's edits, drawn uniformly. Weights are not
inherited, since a table holds training runs from scratch.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import Ledger, check_at_least
from nasbench.strategies._buffered_uniform import Uniforms
from nasbench.trials import Results, Trials


class LargeScaleEvolution:
    """Pairwise tournament evolution.

    Args:
        space: where to search.
        rng: draws the first population, the pairs and the mutations.
        population_size: random architectures to begin with.

    Raises:
        InvalidOption: fewer than two individuals.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "real2017": {"population_size": 1000},
        "short": {"population_size": 20},
    }

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, population_size: int = 1000) -> None:
        check_at_least(2, population_size=population_size)
        self._space, self._rng, self._size = space, rng, population_size
        self._uniforms = Uniforms(rng)
        self._members: list[tuple[float, Archs]] = []
        self._ledger = Ledger()

    @property
    def n_prefetchable(self) -> int:
        """Random architectures of the first population that are left to ask."""
        return self._size - self._ledger.n_asked

    def ask(self, n: int) -> Trials:
        """Return random architectures until the first population is asked, then children."""
        n_random = min(n, max(0, self._size - self._ledger.n_asked))
        if n_random == n:
            return self._ledger.ask(self._space.sample(n, self._rng))
        archs = [self._space.sample(n_random, self._rng)] if n_random else []
        archs += [self._make_child() for _ in range(n - n_random)]
        return self._ledger.ask(archs[0] if n == 1 else np.concatenate(archs))

    def _make_child(self) -> Archs:
        """Let the worse of a random pair die and return the mutated better one, ``[1, d]``."""
        members = self._members
        if len(members) < 2:  # more workers than individuals: all others are in training
            return self._space.sample(1, self._rng)
        last = len(members)
        for u in self._uniforms.take(2):  # the pair moves to the end of the list
            drawn, last = int(u * last), last - 1
            members[drawn], members[last] = members[last], members[drawn]
        if members[-1][0] > members[-2][0]:
            members[-1], members[-2] = members[-2], members[-1]
        members.pop()
        return self._space.mutate(members[-1][1][None], self._rng)

    def tell(self, results: Results) -> None:
        """Add the results to the population; a crash loses against any result that did not crash."""
        self._members += [(score, arch) for _, arch, score in self._ledger.tell(results)]
