"""Simulated annealing: move to a random neighbour, also to a worse one while the temperature is high.

Source: Kirkpatrick, Gelatt & Vecchi 1983, "Optimization by Simulated Annealing" (Science 220), with the acceptance rule
of Metropolis et al. 1953: a loss of x is accepted with probability exp(-x / T). The paper leaves the schedule to the
problem. Ours needs no unit of the score. The first T is the standard deviation of the scores of ``n_start`` random
architectures, and the search starts at the best of them. T falls by 2% after each training run. Once it is below a
hundredth of the first, it is reset, and the search continues from its current architecture.

Differences: with several workers, neighbours of the current architecture are trained side by side, and each is compared
with the architecture that is current when its result arrives. The search never moves to a crashed architecture.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs
from nasbench.options import FromTwo, OpenShare
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import Ledger
from nasbench.strategies._configured import ConfiguredStrategy
from nasbench.trials import Results, Trials

_COLDEST = 0.01  # of the first temperature


@dataclass(kw_only=True, eq=False)
class SimulatedAnnealing(ConfiguredStrategy):
    """A walk that accepts losses less and less.

    Attributes:
        n_start: number of random architectures that set the first temperature.
        cooling: factor on the temperature after each training run.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"slow": {"cooling": 0.99}}

    n_start: FromTwo = 10
    cooling: OpenShare = 0.98

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without a start."""
        super().__post_init__(space, rng)
        self._starts: list[tuple[float, Archs]] = []
        self._present: tuple[float, Archs] | None = None
        self._hottest = self._temperature = 0.0
        self._ledger = Ledger()

    def ask(self, n: int) -> Trials:
        """Return random architectures until enough of them finished, then neighbours of the current one."""
        if self._present is None:
            return self._ledger.ask(self._space.sample(n, self._rng))
        return self._ledger.ask(self._space.mutate(self._present[1][None].repeat(n, axis=0), self._rng))

    def tell(self, results: Results) -> None:
        """Accept or reject each neighbour, and lower the temperature."""
        for _, arch, score in self._ledger.tell(results):
            if self._present is None:
                self._collect(score, arch)
                continue
            if self._accepts(score - self._present[0]):
                self._present = (score, arch)
            self._temperature *= self.cooling
            if self._temperature < _COLDEST * self._hottest:
                self._temperature = self._hottest

    def _collect(self, score: float, arch: Archs) -> None:
        if score > -math.inf:
            self._starts.append((score, arch))
        if len(self._starts) == self.n_start:
            self._hottest = self._temperature = float(np.std([score for score, _ in self._starts]))
            self._present = max(self._starts, key=lambda start: start[0])

    def _accepts(self, gain: float) -> bool:
        if gain >= 0:
            return True
        return self._temperature > 0 and self._rng.random() < math.exp(gain / self._temperature)
