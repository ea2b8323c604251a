"""Base of strategies that choose a whole round of architectures once the last round is complete."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from nasbench.arrays import Archs
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import InRounds, Rounds
from nasbench.strategies._configured import ConfiguredStrategy


@dataclass(kw_only=True, eq=False)
class RoundSearch(InRounds, ConfiguredStrategy, ABC):
    """Ask for one round after the other. Sub-classes implement ``_begin_round``."""

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Prepare the first round."""
        super().__post_init__(space, rng)
        self._rounds = Rounds(self._begin_round, space)

    @abstractmethod
    def _begin_round(self) -> Archs:
        """Return the architectures [m, d] of the next round, at least one; ``_rounds`` holds the last scores."""
