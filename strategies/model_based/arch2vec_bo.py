"""arch2vec-BO: Bayesian optimisation with DNGO in a latent space that was learnt from graphs alone.

Source: Yan, Zheng, Ao, Zeng & Zhang 2020, "Does Unsupervised Architecture Representation Learning Help Neural
Architecture Search?" (arXiv 2006.06936), and its code. The search trains 16 random architectures. Then it takes the 5
of the whole space with the largest expected improvement under DNGO on their codes (predictor ``arch2vec_dngo``), as for
NAS-Bench-101. The preset ``nasbench201`` takes one at a time, as the code does there. The embedding is learnt once for
each space, independently of any run's generator, and is kept on disk: only the first search of a space waits for it.

Differences: improvement is counted from the best observed score, where the code counts from 0.95 or 1. In a space that
is not listed, half of 200 candidates are children of the best ten and half are random; the code has a file of 600,000.
No architecture is trained twice.
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
    """Bayesian optimisation on unsupervised codes; the embedding does not depend on ``rng``."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"nasbench101": {}, "nasbench201": {"batch": 1}}

    predictor: Label = "arch2vec_dngo"
    acquisition: str = "ei"
    pool: str = field(default="whole", init=False)
    pool_size: Count = 200
    n_init: Count = 16
    batch: Count = 5
