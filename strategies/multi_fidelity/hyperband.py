"""Hyperband: successive halving again and again, from many short trainings to few complete ones.

Source: Li, Jamieson, DeSalvo, Rostamizadeh & Talwalkar 2018, "Hyperband: A Novel Bandit-Based Approach to
Hyperparameter Optimization" (arXiv 1603.06560), Algorithm 1. With R epochs at most, bracket s = s_max ... 0 begins with
``ceil((s_max + 1) / (s + 1) eta^s)`` random architectures at ``R eta^-s`` epochs. After bracket 0 comes s_max again.
``eta`` is 3, as the paper suggests. The preset ``hpbandster`` has the sizes of that package, which rounds
``(s_max + 1) / (s + 1)`` down, and like it begins the next bracket where workers would wait.

Differences: levels are lowered to epochs that a task answers, and equal rungs are one. Crashed trainings are not
promoted; hpbandster fills their places with new architectures.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from nasbench.errors import unknown_name
from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity._brackets import Bracket, BracketSearch
from nasbench.strategies.multi_fidelity._rungs import Ladder, hyperband_sizes

_ROUNDINGS = ("up", "down")


class Hyperband(BracketSearch):
    """Brackets from the most rungs to one, and again.

    Args:
        space: where to search.
        rng: draws the architectures.
        epochs: that the task answers; filled in by a comparison.
        eta: of as many trials, one goes on to a rung at as many times the epochs.
        min_epoch: no rung is below.
        max_epoch: the last rung; None for the task's last epoch.
        rounding: of the number of brackets by that of rungs, ``up`` after multiplying or ``down`` before.
        overlap: begin the next bracket where workers would wait.

    Raises:
        InvalidOption: ``eta`` below 2, or epochs that do not fit each other.
        UnknownName: another rounding.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"hpbandster": {"rounding": "down", "overlap": True}}
    requires_fidelities: ClassVar[bool] = True

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: Sequence[int] = (),
        eta: float = 3,
        min_epoch: int = 1,
        max_epoch: int | None = None,
        rounding: str = "up",
        overlap: bool = False,
    ) -> None:
        super().__init__(space, rng, overlap=overlap)
        if rounding not in _ROUNDINGS:
            raise unknown_name("rounding", rounding, _ROUNDINGS)
        self._rungs = Ladder(epochs, eta=eta, min_epoch=min_epoch, max_epoch=max_epoch).downwards()
        self._sizes = hyperband_sizes(len(self._rungs), eta, rounding=rounding)

    def _bracket(self, number: int) -> Bracket:
        sizes = self._sizes[number % len(self._sizes)]
        return Bracket(sizes, self._rungs[-len(sizes) :])
