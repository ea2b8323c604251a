"""Successive halving: train many architectures briefly, the best of them longer, and the best of those completely.

Source: Jamieson & Talwalkar 2016, "Non-stochastic Best Arm Identification and Hyperparameter Optimization" (arXiv
1502.07943), in the form of Li et al. 2020 (arXiv 1810.05934, Algorithm 1): rungs at ``min_epoch eta^k`` epochs, each of
which trains the best ``1 / eta`` of the last one further. ``eta`` is 4 as in the second paper's experiments.

One bracket begins with enough architectures for one to reach the last rung; when it ends, the next one begins with new
architectures. Rungs are synchronous: workers wait for the last trial of a rung (``asha`` does not). Differences: the
epochs of a task are whole numbers, and possibly few: levels between two of them are lowered to one that the task
answers, and equal rungs are one. Crashed training runs are not promoted.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from nasbench.options import Whole, Within
from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity._brackets import Bracket, BracketSearch
from nasbench.strategies.multi_fidelity._rungs import compute_halved_sizes


@dataclass(kw_only=True, eq=False)
class SuccessiveHalving(BracketSearch):
    """Successive halving, one bracket after the other.

    Attributes:
        n: architectures of a bracket; with 0, the number that leaves one on the last rung.
    """

    requires_fidelities: ClassVar[bool] = True

    eta: Annotated[float, Within(2)] = 4
    n: Whole = 0

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Note the sizes of the rungs."""
        super().__post_init__(space, rng)
        self._rungs = self._make_ladder(self.epochs).upwards()
        self._sizes = compute_halved_sizes(
            self.n or round(self.eta ** (len(self._rungs) - 1)), len(self._rungs), self.eta
        )

    def _make_bracket(self, number: int) -> Bracket:
        del number
        return Bracket(self._sizes, self._rungs)
