"""REINFORCE with an independent categorical distribution for each decision, the policy gradient of NAS-Bench-201.

Source: Williams 1992 (Machine Learning 8) as Dong & Yang 2020 run it for NAS-Bench-201 (arXiv 2001.00326) and Dong,
Liu, Musial & Gabrys 2021 for NATS-Bench (arXiv 2009.00437), in AutoDL-Projects. Logits start at 0.001 standard normals.
The loss of each training run is -log p (r - b), where b is an exponential moving average of the rewards with momentum
0.9, corrected for its start and already including r. Each answer is one step of Adam (Kingma & Ba 2015, arXiv
1412.6980). The learning rate is 0.01 in the NATS-Bench code (``nats``, the default) and 0.5 in the documentation of
NAS-Bench-201 (``nb201_doc``).

Differences: rewards are fractions, not percent (Adam divides by their scale). A crash is rewarded like the worst
training run that finished, and ignored before there is one. In spaces where not every row is valid, draws are repeated
until they are (see ``_product_distribution.py``), and the gradient is that of the distribution before the rejections.
Late answers update the current policy.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs
from nasbench.draws import draw_normals
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import Ledger, check_below_one, check_positive
from nasbench.strategies._product_distribution import OneByOne, mark_choices
from nasbench.strategies.reinforcement_learning._policy_gradient import Policy
from nasbench.trials import Results, Trials


class Reinforce:
    """Policy gradient on independent categoricals.

    Args:
        space: where to search.
        rng: draws the first logits and the architectures.
        learning_rate: of Adam.
        momentum: of the moving average of the rewards.

    Raises:
        InvalidOption: a learning rate that is not positive, a momentum outside [0, 1).
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "nats": {"learning_rate": 0.01},
        "nb201_doc": {"learning_rate": 0.5},
    }

    def __init__(
        self, space: SearchSpace, rng: np.random.Generator, *, learning_rate: float = 0.01, momentum: float = 0.9
    ) -> None:
        check_positive(learning_rate=learning_rate)
        check_below_one(momentum=momentum)
        self._space, self._momentum = space, momentum
        space.require_choices("reinforce")
        exists = mark_choices(space)
        self._policy = Policy(np.where(exists, 1e-3 * draw_normals(rng, exists.shape), -np.inf), learning_rate)
        self._drawn = OneByOne(space, rng)
        self._sum = self._weight = 0.0  # of the moving average
        self._worst = np.inf
        self._ledger = Ledger()

    def ask(self, n: int) -> Trials:
        """Return ``n`` architectures drawn from the current policy."""
        archs = [self._drawn.draw(self._policy.ends) for _ in range(n)]
        return self._ledger.ask(archs[0] if n == 1 else np.concatenate(archs))

    def tell(self, results: Results) -> None:
        """Take one gradient step for each answer."""
        for _, arch, score in self._ledger.tell(results):
            if score > -np.inf:
                self._worst = min(self._worst, score)
            elif self._worst == np.inf:
                continue
            self._learn(arch, max(score, self._worst))

    def _learn(self, arch: Archs, reward: float) -> None:
        self._sum = self._momentum * self._sum + (1 - self._momentum) * reward
        self._weight = self._momentum * self._weight + (1 - self._momentum)
        self._policy.learn(arch, reward - self._sum / self._weight)
