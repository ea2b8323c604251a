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

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.options import Count, NotNegative
from nasbench.spaces import SearchSpace
from nasbench.strategies._configured import Label
from nasbench.strategies._smbo import Batching, ModelBasedSearch
from nasbench.strategies._winner import WinnerModel
from nasbench.trials import Results

REQUIRES = {"gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class Auto(ModelBasedSearch):
    """The default.

    Attributes:
        winner: who names the winner: a ``model``, or the best observed score (``incumbent``).
        observation_noise: standard deviation of one query around what is reported of its architecture, as a score; a
            comparison fills in what the task knows. None or 0: there is nothing to smooth, the best observed is named.
    """

    predictor: Label = "functional_gp"
    acquisition: str = field(default="randomized_ucb", init=False)
    kappa: NotNegative = 0.25
    pool: str = field(default="whole", init=False)
    pool_size: Count = 400
    batching: Batching = field(default="believer", init=False)
    refit_every: Count = 10
    winner: Literal["model", "incumbent"] = "model"
    observation_noise: NotNegative | None = None

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Follow the search with a model of the winner where one query is noisy; else the default holds."""
        super().__post_init__(space, rng)
        self._winner: WinnerModel | None = None
        if self.winner == "model" and self.observation_noise:
            self._winner = WinnerModel(space, self.observation_noise)
            self.recommend: Callable[[], Archs] = self._winner.recommend

    def tell(self, results: Results) -> None:
        """Remember what did not crash."""
        if self._winner:
            self._winner.tell(np.array([self._waiting[trial] for trial in results.id.tolist()]), results.score)
        super().tell(results)

    def warm_start(self, archs: Archs, scores: Floats) -> None:
        """Learn from training runs that another search asked for; see ``SequentialSearch``."""
        if self._winner:
            self._winner.tell(archs, scores[:, None])
        super().warm_start(archs, scores)
