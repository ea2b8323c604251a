"""Bayesian optimisation: any predictor, acquisition, pool of candidates and batching (SMBO).

Source: sequential model-based optimisation as in Hutter, Hoos & Leyton-Brown 2011 and Shahriari et al. 2016,
"Taking the Human Out of the Loop". It has no one paper's defaults; ours are the predictor that ranks best here,
``functional_gp``, with expected improvement, as its logarithm, over the whole space. Any predictor that needs
architectures only takes its place, by its label, in quotes where that has options:
``bayesian_optimization,predictor="xgboost,target=score"``.

Of a space of up to 50,000 listed architectures all are candidates after each fit, and the 1000 best of them until
the next; elsewhere half of the pool are children of the best ten and half are random. Between two fits a Gaussian
process learns single results in O(n^2); other predictors wait, so set ``refit_every=1`` for them. What several
workers have in hand counts by the Kriging believer (Ginsbourger et al. 2010) or local penalisation (Gonzalez et al.
2016, arXiv 1505.08052).

Expected improvement explores for long: over the twelve embedded tasks, 30 runs of about 100 trainings, the defaults end
at a normalised regret of .133 [.125, .141]; the same process with the bound of ``auto`` at .046 [.040, .052].
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies._smbo import ModelBasedSearch, Settings


class BayesianOptimization(ModelBasedSearch):
    """Sequential model-based optimisation.

    Args:
        space: where to search.
        rng: decides everything.
        predictor: label of a predictor that gives a standard deviation, unless the acquisition is ``exploit``.
        acquisition: ``ei``, ``log_ei``, ``pi``, ``ucb``, ``randomized_ucb``, ``thompson``, ``its``, ``exploit``, or
            ``module:Class``.
        kappa: standard deviations that ``ucb`` adds to the mean, and ``randomized_ucb`` on average.
        pool: ``whole``, ``mutation``, ``half``, ``random``, ``evolution`` or ``local``.
        pool_size: candidates in a pool, unless it is the whole space.
        n_init: random architectures at the start.
        batch: proposals made from the same results.
        batching: ``top``, ``believer`` or ``penalty``.
        refit_every: results between two fits.
        incumbent: improvement is over the best score ``observed`` or ``expected``.

    Raises:
        UnknownName: no such predictor, acquisition, pool, batching or incumbent.
        InvalidOption: sizes below 1.
    """

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

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        predictor: "str | type | Choice" = "functional_gp",
        acquisition: str = "log_ei",
        kappa: float = 1.0,
        pool: str = "whole",
        pool_size: int = 200,
        n_init: int = 10,
        batch: int = 1,
        batching: str = "believer",
        refit_every: int = 10,
        incumbent: str = "expected",
    ) -> None:
        settings = Settings(
            predictor=predictor,
            acquisition=acquisition,
            kappa=kappa,
            pool=pool,
            pool_size=pool_size,
            n_init=n_init,
            batch=batch,
            batching=batching,
            refit_every=refit_every,
            incumbent=incumbent,
        )
        super().__init__(space, rng, settings)
