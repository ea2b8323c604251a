"""DyHPO: resume the training run that a deep-kernel Gaussian process of its curve predicts to end best.

Source: Wistuba, Kadra & Grabocka 2022, "Supervising the Multi-Fidelity of Hyperparameter Configurations" (arXiv
2202.09774): a Gaussian process with a deep kernel of architecture, epoch and curve (the predictor ``dyhpo``) and
expected improvement over epochs decide which training run takes one more step.

Differences: the paper predicts the result of the next step, and counts improvement from the best at that step. The
predictor here predicts the final score, so improvement is that of the final score over the best score so far. The rest
is as in ``freeze_thaw``.
"""

from dataclasses import dataclass

from nasbench.strategies._configured import Label
from nasbench.strategies.multi_fidelity._freeze_thaw import FreezeThawSearch

REQUIRES = {"torch": "gp", "gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class DyHPOSearch(FreezeThawSearch):
    """Expected improvement by a deep kernel."""

    predictor: Label = "dyhpo"
