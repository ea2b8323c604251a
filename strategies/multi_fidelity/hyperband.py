"""Hyperband: repeated successive halving, from many short training runs to few complete ones.

Source: Li, Jamieson, DeSalvo, Rostamizadeh & Talwalkar 2018, "Hyperband: A Novel Bandit-Based Approach to
Hyperparameter Optimization" (arXiv 1603.06560), Algorithm 1. With at most R epochs, bracket s = s_max ... 0 begins with
``ceil((s_max + 1) / (s + 1) eta^s)`` random architectures at ``R eta^-s`` epochs. After bracket 0, s_max follows again.
``eta`` is 3, as the paper suggests. The preset ``hpbandster`` has the sizes of that package, which rounds ``(s_max + 1)
/ (s + 1)`` down, and like it begins the next bracket where workers would wait.

Differences: levels are lowered to epochs that a task answers, and equal rungs are one. Crashed training runs are not
promoted; hpbandster fills their places with new architectures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity._brackets import Bracket, BracketSearch
from nasbench.strategies.multi_fidelity._rungs import compute_hyperband_sizes


@dataclass(kw_only=True, eq=False)
class Hyperband(BracketSearch):
    """Brackets from the one with the most rungs to the one with a single rung, again and again.

    Attributes:
        rounding: of the number of brackets over that of rungs: ``up`` after multiplying by eta^s, or ``down`` before.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"hpbandster": {"rounding": "down", "overlap": True}}
    requires_fidelities: ClassVar[bool] = True

    rounding: Literal["up", "down"] = "up"
    overlap: bool = False

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Note the sizes of the brackets."""
        super().__post_init__(space, rng)
        self._rungs = self._make_ladder(self.epochs).downwards()
        self._sizes = compute_hyperband_sizes(len(self._rungs), self.eta, rounding=self.rounding)

    def _make_bracket(self, number: int) -> Bracket:
        sizes = self._sizes[number % len(self._sizes)]
        return Bracket(sizes, self._rungs[-len(sizes) :])
