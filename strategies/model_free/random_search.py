"""Uniform random search: every architecture drawn independently, with replacement.

This is the baseline of Li & Talwalkar 2019, "Random Search and Reproducibility for Neural Architecture Search" (arXiv
1902.07638), and of every benchmark paper. A repeated architecture is trained again.
"""

import math

import numpy as np

from nasbench.spaces import SearchSpace
from nasbench.trials import Results, Trials, full_trainings


class RandomSearch:
    """Ask for uniformly drawn architectures; learn nothing.

    Args:
        space: where to search.
        rng: draws the architectures.
        published_sample: draw as the space's own benchmark does where that is not uniform: on NAS-Bench-Graph, an
            architecture that more lists of inputs and operations describe is drawn more often.
    """

    n_prefetchable = math.inf

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, published_sample: bool = False) -> None:
        self._draw, self._rng = space.sample_as_published if published_sample else space.sample, rng
        self._n_asked = 0

    def ask(self, n: int) -> Trials:
        """Return ``n`` new trials."""
        trials = full_trainings(self._n_asked, self._draw(n, self._rng))
        self._n_asked += n
        return trials

    def tell(self, results: Results) -> None:
        """Ignore the results."""
