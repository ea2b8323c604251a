"""NAO: gradient ascent from the best architectures in the latent space of an autoencoder, and decoding.

Source: Luo, Tian, Qin, Chen & Liu 2018, "Neural Architecture Optimization" (arXiv 1808.07233). After a random start, an
encoder, a predictor and a decoder (predictor ``nao``) learn from all results. The best architectures are encoded, moved
along the gradient of the prediction, and decoded. The step grows by its first length until there are enough new
architectures, as in the authors' code of 2020. Those are trained, and the next round begins.

``luo2018`` has the paper's settings for CIFAR-10: 600 random architectures, then 200 a round from the 200 best, steps
of 10, 1,000 epochs. The default is made for searches of a few hundred training runs on one core: 20 random
architectures, 20 a round from the 20 best, first step 1, 20 lengths at most, 100 epochs at a learning rate of 0.01 with
32 features.

Differences: decoded sequences are decisions of the space (see predictor ``nao``), and no architecture is trained twice.
If the ascent does not fill a round within ``max_steps`` lengths, the rest is drawn at random. A round begins when the
last one is complete.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from nasbench.strategies._configured import Label
from nasbench.strategies.model_based._latent_ascent import LatentAscent

REQUIRES = {"torch": "torch"}


@dataclass(kw_only=True, eq=False)
class NAO(LatentAscent):
    """Neural architecture optimisation."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "luo2018": {
            "predictor": "nao",
            "n_init": 600,
            "batch": 200,
            "seeds": 200,
            "step_size": 10.0,
            "max_steps": 100,
        },
    }

    predictor: Label = "nao,epochs=100,lr=0.01,hidden=32"
