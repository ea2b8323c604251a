"""SemiNAS: NAO whose autoencoder also learns from architectures that it labelled itself, and starts from those too.

Source: Luo, Tan, Wang, Qin, Chen & Liu 2020, "Semi-Supervised Neural Architecture Search" (arXiv 2002.10389). It works
as ``nao``, with two changes. The nets learn from the trained architectures first and then from random ones as well,
with their own predictions as scores (predictor ``seminas``). The seeds are the best of both kinds, by score or
prediction.

``luo2020`` has the settings of the authors' code for NAS-Bench-101: 1,100 random architectures, then 300 a round from
the 100 best, 1,000 + 500 epochs, 10,000 unlabelled architectures: 50,000 and more steps a fit. The default is made for
searches of a few hundred training runs: 20 random architectures, 20 a round from the 20 best, 20 step lengths at most,
100 + 4 epochs at a learning rate of 0.01 with 32 features, 300 unlabelled architectures.

Differences: as for ``nao``. The unlabelled architectures that may be seeds are redrawn, so they are not those that were
labelled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from nasbench.options import Whole
from nasbench.strategies._configured import Label
from nasbench.strategies.model_based._latent_ascent import LatentAscent

REQUIRES = {"torch": "torch"}


@dataclass(kw_only=True, eq=False)
class SemiNAS(LatentAscent):
    """Semi-supervised neural architecture search."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "luo2020": {
            "predictor": "seminas",
            "n_init": 1100,
            "batch": 300,
            "seeds": 100,
            "unlabelled": 10_000,
            "max_steps": 100,
        },
    }

    predictor: Label = "seminas,pretrain_epochs=100,epochs=4,sampled=300,lr=0.01,hidden=32"
    unlabelled: Whole = 300
