"""PPO: the recurrent controller with a clipped objective, as NASNet was searched.

Source: Schulman, Wolski, Dhariwal, Radford & Klimov 2017, "Proximal Policy Optimization Algorithms" (arXiv
1707.06347): the ratio of an architecture's probability to the one it was drawn with is clipped at 1 ± 0.2 where
going further would pay. Zoph, Vasudevan, Shlens & Le 2018, "Learning Transferable Architectures for Scalable Image
Recognition" (NASNet, arXiv 1707.07012): an LSTM of one layer of 100 units, weights uniform between -0.1 and 0.1,
rate 0.00035, entropy weight 0.00001, moving average of rewards with weight 0.95, reward the validation accuracy.

Differences: one controller on the space's own decisions, where NASNet asks 500 workers. Its batches and passes are
not published: here 20 architectures and 3 passes (that of Schulman's Atari runs), one architecture being one action
of PPO. ``fast`` (ours) has batches of 10 and rate 0.001, for a few hundred trainings. Crashes, and spaces where not
every row is valid: see ``_controller.py``.

The default does not beat random search within 400 trainings, in which it hardly moves: on nb201-cifar100, 8 runs
against 40 (noisy single-seed scores), p = 0.87; ``fast`` does, p = 0.007.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least, check_between
from nasbench.strategies.reinforcement_learning._controller import ControllerSearch, Settings

if TYPE_CHECKING:
    from torch import Tensor

REQUIRES = {"torch": "torch"}


class PPO(ControllerSearch):
    """Proximal policy optimisation of an LSTM.

    Args:
        space: where to search.
        rng: draws the first weights and the architectures.
        clip: how far the ratio of probabilities may pay to go from 1.
        n_passes: steps of Adam for a batch.
        units: hidden units of each layer, and length of the embeddings.
        n_layers: of the LSTM.
        init: all weights begin uniform between minus and plus this.
        learning_rate: of Adam.
        batch: answers for an update.
        momentum: of the moving average of rewards.
        entropy: weight of the policy's entropy in what is maximised.

    Raises:
        InvalidOption: sizes below 1, rates that are not positive, a momentum outside [0, 1).
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "nasnet": {"units": 100, "n_layers": 1},
        "fast": {"learning_rate": 0.001, "batch": 10},
    }

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        clip: float = 0.2,
        n_passes: int = 3,
        units: int = 100,
        n_layers: int = 1,
        init: float = 0.1,
        learning_rate: float = 0.00035,
        batch: int = 20,
        momentum: float = 0.95,
        entropy: float = 0.00001,
    ) -> None:
        check_at_least(1, n_passes=n_passes)
        check_between(0, 1, clip=clip)
        self._clip = clip
        settings = Settings(
            units=units,
            n_layers=n_layers,
            init=init,
            learning_rate=learning_rate,
            batch=batch,
            momentum=momentum,
            entropy=entropy,
        )
        super().__init__(space, rng, settings, n_passes=n_passes)

    def _loss(self, log_p: "Tensor", before: "Tensor", advantage: "Tensor") -> "Tensor":
        ratio = (log_p - before).exp()
        return -(ratio * advantage).minimum(ratio.clamp(1 - self._clip, 1 + self._clip) * advantage).mean()
