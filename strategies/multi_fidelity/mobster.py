"""MOBSTER: ASHA whose new architectures are proposed by Bayesian optimisation.

Source: Klein, Tiao, Lienart, Archambeau & Seeger 2020, "Model-based Asynchronous Hyperparameter and Neural Architecture
Search" (arXiv 2003.10865). Promotions or stopping are those of ``asha``, with ``eta`` 3 as in Syne Tune, its authors'
library. A new trial is the candidate of a pool with the largest expected improvement at the highest rung that has
enough results, as in their rule ``bohb``; before that, it is random.

Differences: the paper's process is joint in architecture and epoch. Here each rung has its own predictor, any that
needs architectures only, as in their variant of independent processes (``gp_independent``). Running trials are not
imagined as finished: an architecture that was drawn is not drawn again, which keeps workers apart. On a task of
complete training runs only it is Bayesian optimisation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from nasbench.options import Count
from nasbench.strategies.multi_fidelity._model_based_halving import ModelBasedHalving

REQUIRES = {"gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class MOBSTER(ModelBasedHalving):
    """ASHA with a model."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"stopping": {"kind": "stopping"}}

    refit_every: Count = 5
