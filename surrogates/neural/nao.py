"""NAO: encode the decisions as a sequence, predict from the latent space, decode the result of a step uphill.

Source: Luo, Tian, Qin, Chen & Liu 2018, "Neural Architecture Optimization" (arXiv 1808.07233), with the sizes that the
same group's code of 2020 (SemiNAS, arXiv 2002.10389) uses for cells: 64 features, 1,000 epochs of Adam at 0.001,
batches of 100, weight decay 1e-4, and loss weights of 0.8 for the prediction and 0.2 for the reconstruction. The
preset ``naslib`` trains for 50 epochs, as White et al. 2021 do (arXiv 2104.01177).

Differences: the sequence consists of the decisions of the space, as in the paper, so every sequence decodes to a row;
the code of 2020 uses the adjacency matrix. The target has unit variance, as in the code.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from nasbench.spaces import SearchSpace
from nasbench.surrogates._nets import TrainingSettings
from nasbench.surrogates.neural._sequence_autoencoder import SequencePredictor, Widths

REQUIRES = {"torch": "torch"}


class NAOPredictor(SequencePredictor):
    """Encoder, predictor, decoder; ``improve`` proposes architectures.

    Args:
        space: the search space of the architectures.
        epochs: passes over the training data.
        batch_size: architectures per step.
        lr: learning rate, constant.
        hidden: features of the latent space.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"naslib": {"epochs": 50}}

    def __init__(
        self,
        space: SearchSpace,
        *,
        epochs: int = 1000,
        batch_size: int = 100,
        lr: float = 1e-3,
        hidden: int = 64,
        target: str = "score",
        device: str = "cpu",
    ) -> None:
        training = TrainingSettings(epochs, batch_size, lr, 1e-4, cosine=False)
        super().__init__(space, widths=Widths(hidden), training=training, target=target, device=device)
