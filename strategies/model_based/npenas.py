"""NPENAS: evolution in which a graph network selects among many children of one parent.

Source: Wei, Niu, Tang, Wang, Hu & Liang 2020, "NPENAS: Neural Predictor Guided Evolution for Neural Architecture
Search" (arXiv 2003.12857), and its code. After 10 random architectures, the best parent has 100 children (the next
best up to the fifth where it has too few), and the 10 that the predictor likes best are trained. ``np`` (the
defaults) takes the predicted score alone; ``bo`` learns a standard deviation too and draws by independent Thompson
sampling.

Measured, 30 runs of about 100 trainings: normalised regret .066 [.060, .073] over the twelve embedded tasks (random
search .184, p < .001), fourth of 41 strategies; mean regret .14 percentage points on nb201-cifar10 (random search .61).
Nine seconds a run, or twice that.

Differences: an architecture is never trained twice in a run; with several workers a fit uses what has finished.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from nasbench.options import Count
from nasbench.strategies._configured import Label
from nasbench.strategies._smbo import ModelBasedSearch

REQUIRES = {"torch": "torch"}


@dataclass(kw_only=True, eq=False)
class NPENAS(ModelBasedSearch):
    """Evolution guided by a graph isomorphism network."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "np": {},
        "bo": {"predictor": "gin@npenas_bo,epochs=1000", "acquisition": "its"},
    }

    predictor: Label = "gin@npenas_np"
    acquisition: str = "exploit"
    pool: str = field(default="mutation", init=False)
    batch: Count = 10
