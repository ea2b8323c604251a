"""Bayesian optimisation: any predictor, acquisition, pool of candidates and batching (SMBO).

Source: sequential model-based optimisation as in Hutter, Hoos & Leyton-Brown 2011 and Shahriari et al. 2016, "Taking
the Human Out of the Loop". No single paper defines its defaults. Ours are the predictor that ranks best here,
``functional_gp``, and the logarithm of expected improvement over the whole space. Any predictor that needs
architectures only can replace it. Give its label, in quotes if it has options:
``bayesian_optimization,predictor="xgboost,target=score"``.

In a space of up to 50,000 listed architectures, all are candidates after each fit, and the 1000 best of them until the
next fit. Elsewhere half of the pool are children of the best ten and half are random. Between two fits a Gaussian
process learns single results in O(n^2); other predictors wait for the next fit, so set ``refit_every=1`` for them.
Pending trials count by the Kriging believer (Ginsbourger et al. 2010) or local penalisation (Gonzalez et al. 2016,
arXiv 1505.08052). Expected improvement explores for longer than the bound of ``auto``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from nasbench.options import Count, NotNegative
from nasbench.strategies._configured import Label
from nasbench.strategies._smbo import Batching, Incumbent, ModelBasedSearch


@dataclass(kw_only=True, eq=False)
class BayesianOptimization(ModelBasedSearch):
    """Sequential model-based optimisation."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "random_forest": {"predictor": "random_forest", "refit_every": 5, "pool": "half", "pool_size": 200},
        "xgboost": {
            "predictor": "xgboost",
            "refit_every": 5,
            "pool": "half",
            "pool_size": 200,
            "acquisition": "exploit",
        },
        "thompson": {"acquisition": "thompson"},
    }

    predictor: Label = "functional_gp"
    acquisition: str = "log_ei"
    kappa: NotNegative = 1.0
    pool: str = "whole"
    pool_size: Count = 200
    batch: Count = 1
    batching: Batching = "believer"
    refit_every: Count = 10
    incumbent: Incumbent = "expected"
