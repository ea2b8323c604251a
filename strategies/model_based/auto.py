"""The strategy to run when nothing is known: a random start, then Bayesian optimisation with ``functional_gp``.

Own choice of parts; the method is that of ``bayesian_optimization`` (Shahriari et al. 2016, "Taking the Human Out of
the Loop"). After 10 random architectures, a Gaussian process on what architectures compute is fitted to the ranks of
the scores every 10 results, and told of single ones in between. What is trained next has the largest upper confidence
bound, its exploration weight drawn again for each proposal (acquisition ``randomized_ucb``): a quarter on average.
Candidates are the whole space up to 50,000 listed architectures, elsewhere 400, half of them children of the ten best.
Several workers are kept apart by the Kriging believer.

Why so little doubt: the process learns ranks, and beyond the best of them scores are a guess. The logarithm of expected
improvement bets on that guess and goes on exploring. Why drawn: no one number suits every task. Normalised regret
after 100 trainings of Cora, arXiv and NAS-Bench-201's CIFAR-10 (20 to 30 runs): .134, .017 and .003 with a quarter
drawn, .193, .018 and .003 with always a half, .110, .047 and .050 with none. The quarter was chosen on these three
tasks (numbers that are not drawn were tried on Citeseer and ImageNet16-120 too); on the others it was only measured.
"""

from dataclasses import dataclass, field

from nasbench.options import Count, NotNegative
from nasbench.strategies._configured import Label
from nasbench.strategies._smbo import Batching, ModelBasedSearch

REQUIRES = {"gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class Auto(ModelBasedSearch):
    """Our default."""

    predictor: Label = "functional_gp"
    acquisition: str = field(default="randomized_ucb", init=False)
    kappa: NotNegative = 0.25
    pool: str = field(default="whole", init=False)
    pool_size: Count = 400
    batching: Batching = field(default="believer", init=False)
    refit_every: Count = 10
