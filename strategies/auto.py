"""The strategy to run when nothing is known: a random start, then Bayesian optimisation with ``functional_gp``.

Own choice of parts; the method is that of ``bayesian_optimization`` (Shahriari et al. 2016, "Taking the Human Out of
the Loop"). After 10 random architectures, a Gaussian process on what architectures compute is fitted to the ranks of
the scores every 10 results, and told of single ones in between; what it expects plus half a standard deviation (upper
confidence bound) decides what is trained next. Candidates are the whole space up to 50,000 listed architectures,
elsewhere 400, half of them children of the ten best. Several workers are kept apart by the Kriging believer.

Why so little doubt: the process learns ranks, and beyond the best of them scores are a guess. The logarithm of expected
improvement bets on that guess and goes on exploring. On NAS-Bench-201's CIFAR-10, 10 to 12 runs, single seeds
observed, mean regret after 50 and 100 trainings: .10 and .03 points, with ``log_ei`` in its place .55 and .10, with
probability of improvement .23 and .04, with a fifth of a deviation .14 and .03; random search .98 and .77.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.registry import Choice
from nasbench.spaces import SearchSpace
from strategies._smbo import ModelBasedSearch, Settings

REQUIRES = {"gpytorch": "gp"}


class Auto(ModelBasedSearch):
    """Our default.

    Args:
        space: where to search.
        rng: decides everything.
        predictor: label of a predictor with a standard deviation.
        kappa: standard deviations that are added to what is expected.
        n_init: random architectures at the start.
        refit_every: results between two fits.
        pool_size: candidates where the whole space is too large.

    Raises:
        InvalidOption: sizes below 1, or a negative ``kappa``.
    """

    quick: ClassVar[Mapping[str, Any]] = {
        "predictor": "bayesian_linear_regression,encoding=one_hot",
        "n_init": 45,
        "refit_every": 10,
        "pool_size": 4,
    }

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        predictor: "str | type | Choice" = "functional_gp",
        kappa: float = 0.5,
        n_init: int = 10,
        refit_every: int = 10,
        pool_size: int = 400,
    ) -> None:
        settings = Settings(
            predictor=predictor,
            acquisition="ucb",
            kappa=kappa,
            pool="whole",
            pool_size=pool_size,
            n_init=n_init,
            batching="believer",
            refit_every=refit_every,
        )
        super().__init__(space, rng, settings)
