"""NAO: gradient ascent from the best architectures in the latent space of an autoencoder, and decoding.

Source: Luo, Tian, Qin, Chen & Liu 2018, "Neural Architecture Optimization" (arXiv 1808.07233). After a random start,
an encoder, a predictor and a decoder (predictor ``nao``) learn from all that was trained. The best of it is encoded,
moved along the gradient of the prediction, and decoded; the step grows by its first length until enough new
architectures are there, as in the authors' code of 2020. They are trained, and so on.

``luo2018`` has the paper's numbers for CIFAR-10: 600 random architectures, then 200 a round from the 200 best, steps of
10, 1,000 epochs, a minute a fit. The default is made for searches of some hundred trainings on one core: 20 random
ones, 20 a round from the 20 best, first step 1, 20 lengths at most, 100 epochs at a learning rate of 0.01 with 32
features.

Measured on nb201-cifar10, 30 runs of about 100 trainings: mean regret .49 percentage points (random search .61), two
seconds a run. Three runs do not tell it from random search (one-sided p > .05).

Differences: decoded sequences are decisions of the space (see predictor ``nao``), and none is trained twice. What the
climb does not fill, after ``max_steps`` lengths, is drawn at random. A round begins when the last one is complete.
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
