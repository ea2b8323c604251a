"""PASHA: ASHA that raises its largest budget only while more training changes the ranking.

Source: Bohdal, Balles, Wistuba, Ermis, Archambeau & Zappella 2023, "PASHA: Efficient HPO and NAS with Progressive
Resource Allocation" (arXiv 2207.06940), Algorithm 1 with its defaults: ``eta`` 3, two rungs at first. When a trial
reaches the highest rung, the trials on it are ranked by their scores there and on the rung below; if the rankings
differ, one more rung is opened. Ranks are soft: scores closer than epsilon are equal. Epsilon is estimated from noise:
among the pairs on the highest rung whose learning curves cross and cross back, it is the 90th percentile of the
difference of their last scores, and zero without such pairs.

Since crossings are those of curves, a trial is validated in every epoch that a task answers on its way to a rung, and
the search pays for these validations where they cost time. Differences: as in ``asha``.
"""

from bisect import insort
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from nasbench.arrays import Floats
from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity._asynchronous import AsynchronousHalving, Kind, Rungs, Running

_SHARE = 0.9  # of the differences that are noise


@dataclass(kw_only=True, eq=False)
class PASHA(AsynchronousHalving):
    """ASHA with rungs that open when they are needed."""

    requires_fidelities: ClassVar[bool] = True

    kind: Kind = field(default="promotion", init=False)

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin with two open rungs, and validate trials in every epoch on the way."""
        super().__post_init__(space, rng)
        self._steps = tuple(self.epochs)
        rungs = self._brackets[0].epochs
        self._top = min(1, len(rungs) - 1)
        self._places = [self._steps.index(epoch) if self._steps else 0 for epoch in rungs]
        self._on_top: list[Floats] = []  # curves of the trials that have reached the highest open rung
        self._crossings: list[float] = []  # final differences of their pairs that cross and cross back, in order

    def _promote(self, bracket: Rungs) -> int | None:
        for rung in reversed(bracket.reached[: self._top]):
            if (trial := rung.promote(self.eta)) is not None:
                return trial
        return None

    def _arrive(self, trial: int, running: Running, fitness: float) -> None:
        super()._arrive(trial, running, fitness)
        if running.rung != self._top or not np.isfinite(fitness) or not self._steps:
            return
        curve = np.array(running.curve[: self._places[self._top] + 1])
        if self._on_top:
            for difference in measure_crossings(curve, np.array(self._on_top)):
                insort(self._crossings, difference)
        self._on_top.append(curve)
        if self._top + 1 < len(self._places) and not self._agree():
            self._top += 1
            self._on_top, self._crossings = [], []

    def _agree(self) -> bool:
        """Return whether the last two rungs rank the trials on the highest one alike, up to noise."""
        curves = np.array(self._on_top)
        now, before = curves[:, -1], curves[:, self._places[self._top - 1]]
        ranked_now = before[np.argsort(-now, kind="stable")]
        tolerance = self._crossings[int(_SHARE * (len(self._crossings) - 1))] if self._crossings else 0.0
        return bool((np.abs(ranked_now - np.sort(before)[::-1]) <= tolerance).all())


def measure_crossings(curve: Floats, others: Floats) -> list[float]:
    """Return the final distances of a curve [t] from those of ``others`` [n, t] that it crosses at least twice."""
    signs = np.sign(curve - others)
    for step in range(1, len(curve)):  # where two curves touch, the one that was above still counts as above
        signs[:, step] = np.where(signs[:, step] == 0, signs[:, step - 1], signs[:, step])
    n_crossings = ((signs[:, 1:] != signs[:, :-1]) & (signs[:, :-1] != 0)).sum(axis=1)
    apart: list[float] = np.abs(curve[-1] - others[n_crossings > 1, -1]).tolist()
    return apart
