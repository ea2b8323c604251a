"""NASBOT: a Gaussian process of an optimal-transport distance, its expected improvement maximised by evolution.

Source: Kandasamy, Neiswanger, Schneider, Poczos & Xing 2018, "Neural Architecture Search with Bayesian Optimisation and
Optimal Transport", arXiv 1802.07191: ten random architectures, then the largest expected improvement among those that
an evolutionary algorithm meets, started from what was trained and mutated a few edits at a time; what several workers
have in hand is hallucinated, here the Kriging believer.

Differences: the architectures are those of a benchmark's space, so one mutation is one edit of it; five generations of
a pool take the place of theirs, whose number grows with the search; the process learns ranks (see ``nasbot_gp``) and
is fitted every ten results, with single ones waiting in between. "NASBOT" in comparisons on benchmarks is often another
kernel (White et al. 2019, arXiv 1910.11858); this is the published one, and slow: every pair of cells is a transport
problem.

The default is not told from random search within some 100 trainings, 30 runs on each of the twelve embedded tasks:
normalised regret .163 [.155, .171], random search .184, p = .50 among 41 strategies; mean regret in percentage points
.73 on nb201-cifar10 (.61) and 1.67 on nb201-cifar100 (2.11, one-sided p = .04). Three to five seconds a run.
"""

import numpy as np

from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies._smbo import ModelBasedSearch, Settings

REQUIRES = {"gpytorch": "gp"}


class NASBOT(ModelBasedSearch):
    """Bayesian optimisation with the OTMANN kernel.

    Args:
        space: where to search.
        rng: decides everything.
        predictor: label of a predictor with a standard deviation.
        acquisition: as in ``bayesian_optimization``.
        pool_size: architectures of a generation.
        n_init: random architectures at the start.
        refit_every: results between two fits.

    Raises:
        InvalidOption: sizes below 1.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        predictor: "str | type | Choice" = "nasbot_gp",
        acquisition: str = "ei",
        pool_size: int = 50,
        n_init: int = 10,
        refit_every: int = 10,
    ) -> None:
        settings = Settings(
            predictor=predictor,
            acquisition=acquisition,
            pool="evolution",
            pool_size=pool_size,
            n_init=n_init,
            refit_every=refit_every,
            batching="believer",
        )
        super().__init__(space, rng, settings)
