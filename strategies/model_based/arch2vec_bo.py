"""arch2vec-BO: Bayesian optimisation with DNGO on a latent space that was learnt from graphs alone.

Source: Yan, Zheng, Ao, Zeng & Zhang 2020, "Does Unsupervised Architecture Representation Learning Help Neural
Architecture Search?" (arXiv 2006.06936), and its code: 16 random architectures, then the 5 of the whole space with the
largest expected improvement under DNGO on their codes (predictor ``arch2vec_dngo``), as for NAS-Bench-101; preset
``nasbench201`` takes one at a time, as the code does there. The embedding is learnt once for each space, no run's
generator has a part in it, and it is kept on disk: a minute or more, the first time.

Differences: improvement is counted from the best observed score, where the code counts from 0.95 or 1. In a space that
is not listed, half of 200 candidates are children of the best ten and half are random; the code has a file of
600,000. No architecture is trained twice.

Measured, 30 runs of about 100 trainings: normalised regret .131 [.123, .139] over the twelve embedded tasks (random
search .184, p < .001); mean regret .26 percentage points on nb201-cifar10 (random search .61). Three to five seconds
a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from nasbench.options import Count
from nasbench.strategies._configured import Label
from nasbench.strategies._smbo import ModelBasedSearch

REQUIRES = {"torch": "torch"}


@dataclass(kw_only=True, eq=False)
class Arch2VecBO(ModelBasedSearch):
    """Bayesian optimisation on unsupervised codes; ``rng`` has no part in the embedding."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"nasbench101": {}, "nasbench201": {"batch": 1}}

    predictor: Label = "arch2vec_dngo"
    acquisition: str = "ei"
    pool: str = field(default="whole", init=False)
    pool_size: Count = 200
    n_init: Count = 16
    batch: Count = 5
