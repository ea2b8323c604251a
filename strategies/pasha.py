"""PASHA: ASHA that trains longer only as long as longer trainings change who is best.

Source: Bohdal, Balles, Wistuba, Ermis, Archambeau & Zappella 2023, "PASHA: Efficient HPO and NAS with Progressive
Resource Allocation" (arXiv 2207.06940), Algorithm 1 with its defaults: ``eta`` 3, two rungs at first. When a trial
reaches the highest rung, those on it are ranked by their scores there and on the rung below; where the rankings
differ, one more rung is opened. Ranks are soft: scores closer than epsilon are equal. Epsilon is measured from noise:
of the pairs on the highest rung whose learning curves cross and cross back, it is the 90th percentile of the
difference of their last scores; zero without such pairs.

Since the crossings are those of curves, a trial is looked at in every epoch that a task answers on its way to a rung.
Where an answer costs a validation, that is paid. Differences: as in ``asha``.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nasbench.arrays import Floats
from nasbench.spaces import SearchSpace
from strategies._asynchronous import AsynchronousHalving, Running, Rungs
from strategies._rungs import Ladder

_PERCENTILE = 90


class PASHA(AsynchronousHalving):
    """ASHA with rungs that open when they are needed.

    Args:
        space: where to search.
        rng: draws the architectures.
        epochs: that the task answers; filled in by a comparison.
        eta: the best of as many go on, to as many times the epochs.
        min_epoch: the first rung.
        max_epoch: the last one that may be opened; None for the task's last epoch.

    Raises:
        InvalidOption: ``eta`` below 2, or epochs that do not fit each other.
    """

    only_stops: ClassVar[bool] = True

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: Sequence[int] = (),
        eta: float = 3,
        min_epoch: int = 1,
        max_epoch: int | None = None,
    ) -> None:
        rungs = Ladder(epochs, eta=eta, min_epoch=min_epoch, max_epoch=max_epoch).upwards()
        super().__init__(space, rng, brackets=[rungs], shares=[1], eta=eta, kind="promotion", steps=epochs)
        self._top = min(1, len(rungs) - 1)
        self._places = [self._steps.index(epoch) if self._steps else 0 for epoch in rungs]
        self._on_top: list[list[float]] = []  # curves of the trials that have reached the highest open rung

    def _promoted(self, bracket: Rungs) -> int | None:
        for rung in reversed(bracket.reached[: self._top]):
            if (trial := rung.promoted(self._eta)) is not None:
                return trial
        return None

    def _arrived(self, trial: int, running: Running, fitness: float) -> None:
        super()._arrived(trial, running, fitness)
        if running.rung != self._top or not np.isfinite(fitness) or not self._steps:
            return
        self._on_top.append(running.curve)
        curves = np.array([curve[: self._places[self._top] + 1] for curve in self._on_top])
        if self._top + 1 < len(self._places) and not self._agree(curves):
            self._top += 1
            self._on_top = []

    def _agree(self, curves: Floats) -> bool:
        """Tell whether the last two rungs rank the trials with curves [n, t] alike, up to noise."""
        now, before = curves[:, -1], curves[:, self._places[self._top - 1]]
        tolerance = noise_of(curves)
        ranked_now = before[np.argsort(-now, kind="stable")]
        ranked_before = np.sort(before)[::-1]
        return bool((np.abs(ranked_now - ranked_before) <= tolerance).all())


def noise_of(curves: Floats) -> float:
    """Return the 90th percentile of the last differences of those curves [n, t] that cross and cross back."""
    differences = curves[:, None] - curves[None]
    i, j = np.triu_indices(len(curves), k=1)
    signs = np.sign(differences[i, j])
    crossings = np.array([(np.diff(sign[sign != 0]) != 0).sum() for sign in signs])
    apart = np.abs(differences[i, j, -1])[crossings > 1] if len(crossings) else crossings
    return float(np.percentile(apart, _PERCENTILE)) if len(apart) else 0.0
