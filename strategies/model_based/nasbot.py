"""NASBOT: a Gaussian process of an optimal-transport distance, its expected improvement maximised by evolution.

Source: Kandasamy, Neiswanger, Schneider, Poczos & Xing 2018, "Neural Architecture Search with Bayesian Optimisation and
Optimal Transport", arXiv 1802.07191. After ten random architectures, the search takes the one with the largest expected
improvement among those that an evolutionary algorithm visits. That algorithm starts from the trained architectures and
mutates a few edits at a time. The results of pending trials are hallucinated, here by the Kriging believer.

Differences: the architectures are those of a benchmark's space, so one mutation is one edit. Five generations of a pool
replace theirs, whose number grows with the search. The process learns ranks (see ``nasbot_gp``) and is fitted every ten
results; single results are added in between. "NASBOT" in comparisons on benchmarks is often another kernel (White et
al. 2019, arXiv 1910.11858); this is the published one, and it is slow, because every pair of cells is a transport
problem.
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
