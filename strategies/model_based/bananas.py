"""BANANAS: an ensemble of perceptrons on the path encoding, Thompson draws, mutations of the best.

Source: White, Neiswanger & Savani 2019, "BANANAS: Bayesian Optimization with Neural Architectures for Neural
Architecture Search" (arXiv 1910.11858). Defaults are those of the authors' code (preset ``naszilla``): 10 random
architectures, then 10 at a time from one fit of 5 nets, chosen by independent Thompson sampling among 100 children
of the best one, of the next best up to the fifth where it has too few. Preset ``naslib``: the three nets on the
one-hot adjacency code and 200 candidates of NASLib.

Differences: an architecture is never trained twice in a run, and with several workers a fit uses what has
finished. NASLib mutates its 5 best equally often; here the best comes first in both presets.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies._smbo import ModelBasedSearch, Settings

REQUIRES = {"torch": "torch"}


class Bananas(ModelBasedSearch):
    """Bayesian optimisation with an ensemble of nets.

    Args:
        space: where to search.
        rng: decides everything.
        predictor: label of a predictor with a standard deviation.
        acquisition: as in ``bayesian_optimization``.
        pool_size: children that compete.
        n_init: random architectures at the start.
        batch: architectures chosen after one fit.

    Raises:
        InvalidOption: sizes below 1, or a space without paths (choose ``predictor="mlp_ensemble,encoding=one_hot"``).
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "naszilla": {},
        "naslib": {"predictor": "mlp_ensemble,members=3,encoding=adjacency", "pool_size": 200},
    }

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        predictor: "str | type | Choice" = "mlp_ensemble",
        acquisition: str = "its",
        pool_size: int = 100,
        n_init: int = 10,
        batch: int = 10,
    ) -> None:
        settings = Settings(
            predictor=predictor,
            acquisition=acquisition,
            pool="mutation",
            pool_size=pool_size,
            n_init=n_init,
            batch=batch,
        )
        super().__init__(space, rng, settings)
