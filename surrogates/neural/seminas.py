"""SemiNAS: NAO that also learns from its own predictions for untrained architectures.

Source: Luo, Tan, Wang, Qin, Chen & Liu 2020, "Semi-Supervised Neural Architecture Search" (arXiv 2002.10389). Encoder,
predictor and decoder (see ``nao``) learn from the trained architectures. They then label architectures sampled from
the space, and learn from those and from the trained ones, which count ten times. Defaults are those of the authors'
code: 1,000 epochs, then 500 with 10,000 sampled architectures, Adam at 0.001, batches of 100. These are 50,000 steps.
The preset ``naslib``, of White et al. 2021 (arXiv 2104.01177), takes 50 epochs, 50 more, and as many sampled
architectures as trained ones.

Differences: as for ``nao``. The authors label again after each round of search, which is the task of the strategy
here.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from nasbench.arrays import Archs, Floats
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._nets import TrainingSettings
from nasbench.surrogates.neural._sequence_autoencoder import SequencePredictor, Widths

REQUIRES = {"torch": "torch"}

_UP_SAMPLE = 10
_MATCH_TRAINING = -1


class SemiNASPredictor(SequencePredictor):
    """An autoencoder of sequences that learns from its own labels.

    Args:
        space: the search space of the architectures.
        pretrain_epochs: passes over the trained architectures.
        epochs: passes over trained and sampled ones.
        sampled: number of sampled architectures; -1 for as many as trained.
        batch_size: architectures per step.
        lr: learning rate, constant.
        hidden: features of the latent space.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "naslib": {"pretrain_epochs": 50, "epochs": 50, "sampled": -1}
    }

    def __init__(
        self,
        space: SearchSpace,
        *,
        pretrain_epochs: int = 1000,
        epochs: int = 500,
        sampled: int = 10_000,
        batch_size: int = 100,
        lr: float = 1e-3,
        hidden: int = 64,
        target: str = "score",
        device: str = "cpu",
    ) -> None:
        if sampled < _MATCH_TRAINING:
            raise InvalidOption(f"sampled={sampled}; expected a number of architectures, or -1 for as many as trained")
        training = TrainingSettings(pretrain_epochs, batch_size, lr, 1e-4, cosine=False)
        super().__init__(space, widths=Widths(hidden), training=training, target=target, device=device)
        self._second, self._sampled = replace(training, epochs=epochs), sampled

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        number = len(batch) if self._sampled == _MATCH_TRAINING else self._sampled
        self._others = _exclude_known(np.unique(self._space.sample(number, rng), axis=0), batch.archs)
        super()._fit(batch, value, rng)
        del self._others

    def _learn(self, inputs: tuple[Tensor, ...], value: Tensor, generator: torch.Generator) -> None:
        super()._learn(inputs, value, generator)
        if not len(self._others):
            return
        guessed = self._forward(self._others)[0, :, 0].to(self._device)
        (others,) = self._move_inputs(self._encode_inputs(self._others))
        tokens = torch.cat([inputs[0].repeat(_UP_SAMPLE, 1), others])
        self._pass_over(tokens, torch.cat([value.repeat(_UP_SAMPLE), guessed]), self._second, generator)


def _exclude_known(archs: Archs, known: Archs) -> Archs:
    """Return the distinct rows of ``archs`` that are not in ``known``."""
    seen = {row.tobytes() for row in known}
    return archs[[row.tobytes() not in seen for row in archs]]
