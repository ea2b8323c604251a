"""PPO: a recurrent controller trained with a clipped objective, as in the search for NASNet.

Source: Schulman, Wolski, Dhariwal, Radford & Klimov 2017, "Proximal Policy Optimization Algorithms" (arXiv 1707.06347):
the ratio of an architecture's probability to the one it was drawn with is clipped at 1 ± 0.2 where a larger change
would increase the objective. Zoph, Vasudevan, Shlens & Le 2018, "Learning Transferable Architectures for Scalable Image
Recognition" (NASNet, arXiv 1707.07012): an LSTM of one layer of 100 units, weights uniform between -0.1 and 0.1, rate
0.00035, entropy weight 0.00001, moving average of rewards with weight 0.95, reward the validation accuracy.

Differences: there is one controller on the space's own decisions, where NASNet has 500 workers. Its batches and passes
are not published: here there are 20 architectures and 3 passes (as in Schulman's Atari runs), and one architecture is
one action of PPO. ``fast`` (ours) has batches of 10 and rate 0.001, for a few hundred training runs. Crashes, and
spaces where not every row is valid: see ``_controller.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from nasbench.options import Count, NotNegative, OpenShare, Positive
from nasbench.strategies.reinforcement_learning._controller import ControllerSearch

if TYPE_CHECKING:
    from torch import Tensor

REQUIRES = {"torch": "torch"}


@dataclass(kw_only=True, eq=False)
class PPO(ControllerSearch):
    """Proximal policy optimisation of an LSTM.

    Attributes:
        clip: distance of the ratio of probabilities from 1 at which the objective is clipped.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "nasnet": {"units": 100, "n_layers": 1},
        "fast": {"learning_rate": 0.001, "batch": 10},
    }

    clip: OpenShare = 0.2
    n_passes: Count = 3
    units: Count = 100
    n_layers: Count = 1
    init: NotNegative = 0.1
    learning_rate: Positive = 0.00035
    batch: Count = 20
    entropy: NotNegative = 0.00001

    def _compute_loss(self, log_p: "Tensor", before: "Tensor", advantage: "Tensor") -> "Tensor":
        ratio = (log_p - before).exp()
        return -(ratio * advantage).minimum(ratio.clamp(1 - self.clip, 1 + self.clip) * advantage).mean()
