"""BANANAS: an ensemble of perceptrons on the path encoding, Thompson sampling, mutations of the best.

Source: White, Neiswanger & Savani 2019, "BANANAS: Bayesian Optimization with Neural Architectures for Neural
Architecture Search" (arXiv 1910.11858). Defaults are those of the authors' code (preset ``naszilla``): 10 random
architectures, then 10 at a time from one fit of 5 nets. Independent Thompson sampling chooses them among 100 children
of the best architecture; where it has too few, the next best up to the fifth add theirs. The preset ``naslib`` has
NASLib's three nets on the one-hot adjacency code and its 200 candidates.

Differences: an architecture is never trained twice in a run, and with several workers a fit uses the results that have
finished. NASLib mutates its 5 best equally often; here the best comes first in both presets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from nasbench.options import Count
from nasbench.strategies._configured import Label
from nasbench.strategies._smbo import ModelBasedSearch

REQUIRES = {"torch": "torch"}


@dataclass(kw_only=True, eq=False)
class Bananas(ModelBasedSearch):
    """Bayesian optimisation with an ensemble of nets."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "naszilla": {},
        "naslib": {"predictor": "mlp_ensemble,members=3,encoding=adjacency", "pool_size": 200},
    }

    predictor: Label = "mlp_ensemble"
    acquisition: str = "its"
    pool: str = field(default="mutation", init=False)
    batch: Count = 10
