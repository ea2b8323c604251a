"""NAS-RL: a recurrent controller that makes one decision after another, trained by REINFORCE.

Source: Zoph & Le 2017, "Neural Architecture Search with Reinforcement Learning" (arXiv 1611.01578): an LSTM of two
layers of 35 units, weights uniform between -0.08 and 0.08, Adam with rate 0.0006. The reward is the cube of the
validation accuracy, minus a moving average of earlier rewards. Eight architectures are trained between two updates (m =
8 children of a controller replica).

Differences: there is one controller, where theirs has 100 replicas and a parameter server, and there are no anchor
points, since a decision here has a fixed list of choices. The decay of the average is not published: it is 0.95 here,
as in NASNet. The first batch is compared with its own mean. Crashes, and spaces where not every row is valid: see
``_controller.py``.

``enas`` has the controller of ENAS (Pham, Guan, Zoph, Le & Dean 2018, arXiv 1802.03268) as NAS-Bench-201 ran it
(AutoDL-Projects): Adam with rate 0.001, decays 0 and 0.999 and constant 0.001, 20 architectures for an update, entropy
weight 0.0001, momentum 0.99, reward the accuracy itself; one layer of 100 units as in the paper; without its shared
weights, its temperature and its tanh. ``graphnas`` is GraphNAS (Gao, Yang, Zhang, Zhou & Hu 2020, arXiv 1904.09981) by
the defaults of its repository: one layer of 100 units, rate 0.00035, an update for each architecture, entropy weight
0.0001, momentum 0.95; without its temperature and its tanh. ``fast`` (ours) has rate 0.002, for a few hundred training
runs; the published rates hardly move the policy in that time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from nasbench.options import Count, Decay, NotNegative, Positive
from nasbench.strategies.reinforcement_learning._controller import ControllerSearch

if TYPE_CHECKING:
    from torch import Tensor

REQUIRES = {"torch": "torch"}


@dataclass(kw_only=True, eq=False)
class NASRL(ControllerSearch):
    """REINFORCE on an LSTM."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "zoph2017": {"units": 35, "n_layers": 2},
        "enas": {
            "units": 100,
            "n_layers": 1,
            "init": 0.1,
            "learning_rate": 0.001,
            "adam": (0.0, 0.999, 0.001),
            "batch": 20,
            "momentum": 0.99,
            "entropy": 0.0001,
            "power": 1.0,
        },
        "graphnas": {
            "units": 100,
            "n_layers": 1,
            "init": 0.1,
            "learning_rate": 0.00035,
            "batch": 1,
            "momentum": 0.95,
            "entropy": 0.0001,
            "power": 1.0,
        },
        "fast": {"learning_rate": 0.002},
    }

    units: Count = 35
    n_layers: Count = 2
    init: NotNegative = 0.08
    learning_rate: Positive = 0.0006
    adam: tuple[Decay, Decay, Positive] = (0.9, 0.999, 1e-8)
    batch: Count = 8
    entropy: NotNegative = 0.0
    power: Positive = 3.0

    def _compute_loss(self, log_p: "Tensor", before: "Tensor", advantage: "Tensor") -> "Tensor":  # noqa: ARG002
        return -(log_p * advantage).mean()
