"""Fisher: the squared change of the loss if a channel were removed, summed over channels.

Source: Theis, Korshunova, Tejani & Huszár 2018, "Faster Gaze Prediction with Dense Networks and Fisher Pruning" (arXiv
1801.05787); per channel Turner et al. 2020, "BlockSwap" (arXiv 1906.04113); as a proxy Abdelfattah et al. 2021 (arXiv
2101.08134). The value of each output channel of each convolution and linear layer is half the mean over images of the
squared sum over positions of ``activation x gradient``. The gradient is that of the minibatch's mean loss. As in their
code, each channel counts once for each of its weights.
"""

from typing import ClassVar

from nasbench.proxies._probe import Probe

REQUIRES = {"torch": "torch"}


class Fisher:
    """Sum the squared sensitivities of channels."""

    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "maximize"

    def __call__(self, probe: Probe) -> float:
        """Return the sum over the channels of all weights."""
        return float(
            sum(float(layer.gates.square().mean(0).sum()) / 2 * layer.weight[0].numel() for layer in probe.layers)
        )
