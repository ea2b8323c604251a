"""NAO: encode the sequence of decisions, predict from the latent space, decode what a step uphill finds.

Source: Luo, Tian, Qin, Chen & Liu 2018, "Neural Architecture Optimization" (arXiv 1808.07233), with the sizes that
the same group's code of 2020 (SemiNAS, arXiv 2002.10389) has for cells: 64 features, 1,000 epochs of Adam at
0.001, batches of 100, weight decay 1e-4, 0.8 of the loss for the prediction and 0.2 for the reconstruction. The
preset ``naslib`` trains 50 epochs, as White et al. 2021 (arXiv 2104.01177).

Differences: the sequence says the decisions of the space, as in the paper, so that every sequence decodes to a
row; the code of 2020 says the adjacency matrix. The target has unit variance here as there.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from nasbench.spaces import SearchSpace
from nasbench.surrogates._nets import TrainingSettings
from nasbench.surrogates.neural._sequence_autoencoder import SequencePredictor, Widths

REQUIRES = {"torch": "torch"}


class NAOPredictor(SequencePredictor):
    """Encoder, predictor, decoder; ``improved`` proposes architectures.

    Args:
        space: where the architectures are from.
        epochs: passes over the training data.
        batch_size: architectures in a step.
        lr: learning rate, constant.
        hidden: features of the latent space.
        target: what is learnt, ``score``, ``rank`` or ``log_error``.
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
