"""NAS-BOWL: a Gaussian process with the Weisfeiler-Lehman kernel, expected improvement, half of the pool mutated.

Source: Ru, Wan, Dong & Osborne 2021, "Interpretable Neural Architecture Search via Bayesian Optimisation with
Weisfeiler-Lehman Kernels" (arXiv 2006.07556): after 10 random architectures, 5 at a time are the best by expected
improvement over the best score so far, in a pool of 200 of which half are children of the ten best. The preset
``code`` has the defaults of the authors' script: 30 random architectures and a pool of 100.

Differences: improvement is in the score, where theirs is in the logarithm of the error that the process learns;
their code takes the plain kernel on NAS-Bench-201 and the optimal assignment elsewhere, here it is
the latter everywhere; an architecture is never trained twice in a run.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies._smbo import ModelBasedSearch, Settings

REQUIRES = {"gpytorch": "gp"}


class NASBOWL(ModelBasedSearch):
    """Bayesian optimisation with a graph kernel.

    Args:
        space: where to search.
        rng: decides everything.
        predictor: label of a predictor with a standard deviation.
        acquisition: as in ``bayesian_optimization``.
        pool_size: candidates, half of them children.
        n_init: random architectures at the start.
        batch: architectures chosen after one fit.

    Raises:
        InvalidOption: sizes below 1.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"code": {"n_init": 30, "pool_size": 100}}

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        predictor: "str | type | Choice" = "wl_gp@nas_bowl",
        acquisition: str = "ei",
        pool_size: int = 200,
        n_init: int = 10,
        batch: int = 5,
    ) -> None:
        settings = Settings(
            predictor=predictor, acquisition=acquisition, pool="half", pool_size=pool_size, n_init=n_init, batch=batch
        )
        super().__init__(space, rng, settings)
