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

from dataclasses import dataclass, field

from nasbench.options import Count
from nasbench.strategies._configured import Label
from nasbench.strategies._smbo import Batching, ModelBasedSearch

REQUIRES = {"gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class NASBOT(ModelBasedSearch):
    """Bayesian optimisation with the OTMANN kernel."""

    predictor: Label = "nasbot_gp"
    acquisition: str = "ei"
    pool: str = field(default="evolution", init=False)
    pool_size: Count = 50
    batching: Batching = field(default="believer", init=False)
    refit_every: Count = 10
