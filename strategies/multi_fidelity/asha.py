"""ASHA: successive halving that promotes as soon as it can, so that no worker waits.

Source: Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht & Talwalkar 2020, "A System for Massively Parallel
Hyperparameter Tuning" (arXiv 1810.05934), Algorithm 2, with ``eta`` 4 as in its experiments. A free worker takes a
trial that is among the best ``1 / eta`` of its rung and was not promoted yet, from the highest rung that has one; else
a new random architecture begins at the lowest. So trials are paused and go on later: with costly checkpoints
(``nasbench compare --restart-s``), or none, that is dear.

The preset ``stopping`` is the variant that needs no checkpoints, known from Ray and Optuna: a trial that reaches a rung
goes on at once if it is among the best ``1 / eta`` of those that were there before, itself included, or the best of all
while these are nobody, and ends for good if not.

Differences: levels are lowered to epochs that a task answers, and equal rungs are one. The first of equal scores counts
as better. Crashed trainings fill their rung and never go on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity._asynchronous import AsynchronousHalving
from nasbench.strategies.multi_fidelity._rungs import Ladder


class ASHA(AsynchronousHalving):
    """One bracket of rungs, climbed without waiting.

    Args:
        space: where to search.
        rng: draws the architectures.
        epochs: that the task answers; filled in by a comparison.
        eta: the best of as many go on, to as many times the epochs.
        min_epoch: the first rung.
        max_epoch: the last one; None for the task's last epoch.
        kind: ``promotion`` of paused trials, or ``stopping`` of running ones.

    Raises:
        InvalidOption: ``eta`` below 2, or epochs that do not fit each other.
        UnknownName: another kind.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "promotion": {"kind": "promotion"},
        "stopping": {"kind": "stopping"},
    }
    requires_fidelities: ClassVar[bool] = True

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: Sequence[int] = (),
        eta: float = 4,
        min_epoch: int = 1,
        max_epoch: int | None = None,
        kind: str = "promotion",
    ) -> None:
        rungs = Ladder(epochs, eta=eta, min_epoch=min_epoch, max_epoch=max_epoch).upwards()
        super().__init__(space, rng, brackets=[rungs], shares=[1], eta=eta, kind=kind)
