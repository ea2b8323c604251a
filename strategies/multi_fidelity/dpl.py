"""DPL: resume the training run that an ensemble of power laws predicts to end best.

Source: Kadra, Janowski, Wistuba & Grabocka 2023, "Scaling Laws for Hyperparameter Optimization" (arXiv 2302.00441):
nets predict power laws of the learning curve from an architecture (the predictor ``dpl``). The candidate with the
largest expected improvement at the end of its training run, trained or not, is trained for one more step.

Differences: fits are made every 50 results, not after each, and from scratch; the rest is as in ``freeze_thaw``.
"""

from dataclasses import dataclass

from nasbench.options import Count
from nasbench.strategies._configured import Label
from nasbench.strategies.multi_fidelity._freeze_thaw import FreezeThawSearch

REQUIRES = {"torch": "torch"}


@dataclass(kw_only=True, eq=False)
class DPLSearch(FreezeThawSearch):
    """Expected improvement by power laws."""

    predictor: Label = "dpl"
    refit_every: Count = 50
