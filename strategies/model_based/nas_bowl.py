"""NAS-BOWL: a Gaussian process with the Weisfeiler-Lehman kernel, expected improvement, half of the pool mutated.

Source: Ru, Wan, Dong & Osborne 2021, "Interpretable Neural Architecture Search via Bayesian Optimisation with
Weisfeiler-Lehman Kernels" (arXiv 2006.07556). After 10 random architectures, the search takes the best 5 at a time by
expected improvement over the best score so far, in a pool of 200 of which half are children of the ten best. The preset
``code`` has the defaults of the authors' script: 30 random architectures and a pool of 100.

Differences: improvement is in the score; in the original it is in the logarithm of the error, which the process learns.
Their code uses the plain kernel on NAS-Bench-201 and the optimal assignment elsewhere; here it is the optimal
assignment everywhere. An architecture is never trained twice in a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from nasbench.options import Count
from nasbench.strategies._configured import Label
from nasbench.strategies._smbo import ModelBasedSearch

REQUIRES = {"gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class NASBOWL(ModelBasedSearch):
    """Bayesian optimisation with a graph kernel."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"code": {"n_init": 30, "pool_size": 100}}

    predictor: Label = "wl_gp@nas_bowl"
    acquisition: str = "ei"
    pool: str = field(default="half", init=False)
    pool_size: Count = 200
    batch: Count = 5
