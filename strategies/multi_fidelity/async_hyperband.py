"""Asynchronous Hyperband: ASHA in every bracket of Hyperband at once.

Source: Li et al. 2020 (arXiv 1810.05934, section 3.2): asynchronous Hyperband loops through the brackets as Hyperband
does, and runs ASHA in each. Bracket s skips the lowest s rungs. New trials go round: as many to each bracket as
Hyperband would begin in it, ``ceil((s_max + 1) / (s + 1) eta^s)``, those with the most rungs first; a free worker takes
a promotion of any bracket before it begins a new trial. ``eta`` is 4 as in that paper; ``kind`` is as in ``asha``.

Differences: levels are lowered to epochs that a task answers, and equal rungs are one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity._asynchronous import AsynchronousHalving
from nasbench.strategies.multi_fidelity._rungs import Ladder, hyperband_sizes


class AsyncHyperband(AsynchronousHalving):
    """Brackets of ASHA, side by side.

    Args:
        space: where to search.
        rng: draws the architectures.
        epochs: that the task answers; filled in by a comparison.
        eta: the best of as many go on, to as many times the epochs.
        min_epoch: the first rung of the longest bracket.
        max_epoch: the last rung; None for the task's last epoch.
        kind: ``promotion`` of paused trials, or ``stopping`` of running ones.

    Raises:
        InvalidOption: ``eta`` below 2, or epochs that do not fit each other.
        UnknownName: another kind.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"stopping": {"kind": "stopping"}}
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
        super().__init__(
            space,
            rng,
            brackets=[rungs[s:] for s in range(len(rungs))],
            shares=[sizes[0] for sizes in hyperband_sizes(len(rungs), eta)],
            eta=eta,
            kind=kind,
        )
