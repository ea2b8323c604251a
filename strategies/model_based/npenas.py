"""NPENAS: evolution in which a graph network selects among many children of one parent.

Source: Wei, Niu, Tang, Wang, Hu & Liang 2020, "NPENAS: Neural Predictor Guided Evolution for Neural Architecture
Search" (arXiv 2003.12857), and its code. After 10 random architectures, the best parent has 100 children (the next best
up to the fifth add theirs where it has too few), and the 10 with the largest acquisition values are trained. ``np``
(the defaults) uses the predicted score alone; ``bo`` learns a standard deviation too and draws by independent Thompson
sampling.

Differences: an architecture is never trained twice in a run; with several workers a fit uses the results that have
finished.
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
