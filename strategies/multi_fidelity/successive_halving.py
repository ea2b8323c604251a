"""Successive halving: train many architectures a little, the best of them longer, and the best of those to the end.

Source: Jamieson & Talwalkar 2016, "Non-stochastic Best Arm Identification and Hyperparameter Optimization"
(arXiv 1502.07943), in the form of Li et al. 2020 (arXiv 1810.05934, Algorithm 1): rungs at ``min_epoch eta^k`` epochs,
of which each trains the best ``1 / eta`` of the last one further. ``eta`` is 4 as in the second paper's experiments.

A run of it is one bracket of so many architectures that one reaches the last rung; when it ends, the next one begins
with new architectures. Rungs are synchronous: workers wait for the last trial of a rung (``asha`` does not).
Differences: the epochs of a task are whole numbers, and maybe few: levels between two of them are lowered to one that
the task answers, and equal rungs are one. Crashed trainings are not promoted.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least
from nasbench.strategies.multi_fidelity._brackets import Bracket, BracketSearch
from nasbench.strategies.multi_fidelity._rungs import Ladder, halved


class SuccessiveHalving(BracketSearch):
    """Brackets of one kind.

    Args:
        space: where to search.
        rng: draws the architectures.
        epochs: that the task answers; filled in by a comparison.
        eta: of as many trials, one goes on to a rung at as many times the epochs.
        min_epoch: the first rung.
        max_epoch: the last one; None for the task's last epoch.
        n: architectures of a bracket; 0 for as many as leave one on the last rung.

    Raises:
        InvalidOption: ``eta`` below 2, or epochs that do not fit each other.
    """

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
        n: int = 0,
    ) -> None:
        super().__init__(space, rng, overlap=False)
        check_at_least(0, n=n)
        self._rungs = Ladder(epochs, eta=eta, min_epoch=min_epoch, max_epoch=max_epoch).upwards()
        self._sizes = halved(n or round(eta ** (len(self._rungs) - 1)), len(self._rungs), eta)

    def _bracket(self, number: int) -> Bracket:
        del number
        return Bracket(self._sizes, self._rungs)
